import { isCanonicalBase64url, repeatsName } from "./token-text.ts";

/**
 * What an access token must be besides what aws-jwt-verify or its caller checks (signature, issuer, `exp`, `nbf`). One place for the
 * authorizer and for the kit, so that neither lets in what the other refuses. No imports but of its like: both are bundled
 * into what must start fast.
 */

/** Cognito signs no access token for longer than a day; clocks may differ by five minutes. */
const longestSeconds = 24 * 3600;
const skewSeconds = 300;

type Header = { readonly alg?: string; readonly [name: string]: unknown };
type Payload = { readonly exp?: number; readonly iat?: number; readonly [name: string]: unknown };

/** @throws Error that says why a token with this header is none of ours, whatever its signature. */
export const requireHeader = (header: Header): void => {
  if (header.alg !== "RS256") throw new Error("The algorithm is not RS256.");
  // Whoever does not know what is critical must refuse it (RFC 7515, section 4.1.11), and we know of nothing.
  if (header["crit"] !== undefined) throw new Error("Its header has extensions.");
};

/** @param now seconds since 1970. @throws Error that says why it is no access token of this client's. */
export const requireAccess = (payload: Payload, clientId: string, now: number): void => {
  if (payload["token_use"] !== "access") throw new Error("It is not an access token.");
  if (payload["client_id"] !== clientId) throw new Error("It was issued to another client.");
  if (!((payload.exp ?? Number.NaN) <= now + longestSeconds + skewSeconds)) throw new Error("It lives too long.");
  if ((payload.iat ?? 0) > now + skewSeconds) throw new Error("It is not made yet.");
};

type Parts = readonly [header: string, payload: string, signature: string];

/**
 * What of a token its claims do not show: what was signed must be one text that everybody reads alike.
 *
 * @param decode from base64url to UTF-8. @throws Error
 */
export const requireOneReading = ([header, payload, signature]: Parts, decode: (part: string) => string): void => {
  for (const part of [header, payload, signature])
    if (!isCanonicalBase64url(part)) throw new Error("It is not written as tokens are.");
  for (const part of [header, payload]) if (repeatsName(decode(part))) throw new Error("It says something twice.");
};

/** A claim that is absent is the empty string. @throws Error where it is no string. */
export const claimText = (payload: Readonly<Record<string, unknown>>, name: string): string => {
  const value = payload[name] ?? "";
  if (typeof value !== "string") throw new Error(`The claim ${name} is not a string.`);
  return value;
};
