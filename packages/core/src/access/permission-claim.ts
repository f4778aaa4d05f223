import { type Permission, permissions } from "./policy.ts";

/**
 * Bytes of the `permissions` claim at most: a token goes in every request's headers, of which API Gateway takes 10,240
 * bytes in all (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
 */
export const maxPermissionClaimBytes = 2048;

/** FNV-1a over the list: bits written by another version of the table mean nothing. */
const fingerprint = (all: readonly string[]): string => {
  let hash = 0x811c9dc5;
  for (const char of all.join(" ")) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
};

const known = fingerprint(permissions);
const fingerprintOf = (all: readonly string[]) => (all === permissions ? known : fingerprint(all));

const digitOf = (held: ReadonlySet<string>, four: readonly string[]) =>
  four.reduce((bits, one, at) => bits | (held.has(one) ? 1 << at : 0), 0).toString(16);

/**
 * Permissions as one claim: their names, separated by spaces, or where that is too long one bit for each permission of
 * the table, `#<table>.<hex digits>`, of which 500 permissions take 135 bytes.
 *
 * @throws Error when even that is too long, so that no token says less than it should.
 */
export const permissionClaim = (held: readonly string[], all: readonly string[] = permissions): string => {
  const names = held.join(" ");
  if (names.length <= maxPermissionClaimBytes) return names;
  const set = new Set(held);
  const digits = Array.from({ length: Math.ceil(all.length / 4) }, (_, at) =>
    digitOf(set, all.slice(4 * at, 4 * at + 4)),
  );
  const bits = `#${fingerprintOf(all)}.${digits.join("")}`;
  if (bits.length > maxPermissionClaimBytes)
    throw new Error(`${all.length} permissions do not fit into ${maxPermissionClaimBytes} bytes.`);
  return bits;
};

/** Whether the claim holds the permission: a whole word of it, or the permission's own bit. */
export const claimHolds = (claim: string, permission: string, all: readonly string[] = permissions): boolean => {
  if (!claim.startsWith("#")) return ` ${claim} `.includes(` ${permission} `);
  const at = all.indexOf(permission);
  const [table, digits = "", ...more] = claim.slice(1).split(".");
  if (at < 0 || more.length > 0 || table !== fingerprintOf(all) || !/^[0-9a-f]*$/.test(digits)) return false;
  return ((Number.parseInt(digits[at >> 2] ?? "0", 16) >> (at & 3)) & 1) === 1;
};

/** The known permissions in a claim; anything else in it grants nothing. */
export const permissionsIn = (claim: string): ReadonlySet<Permission> =>
  new Set(permissions.filter((permission) => claimHolds(claim, permission)));
