import { z } from "zod";

/** Every kind of id and its prefix. An id is `<prefix>_<ULID>`, so it sorts by the time it was made. */
export const prefixes = {
  tenant: "ten",
  operation: "op",
  user: "usr",
  event: "evt",
  audit: "aud",
  apiKey: "key",
  webhook: "whk",
  delivery: "dlv",
  export: "exp",
  quarantine: "qua",
  adjustment: "adj",
  impersonation: "imp",
} as const;

export type IdKind = keyof typeof prefixes;

/** Crockford base32, 26 characters: the canonical ULID. */
const ulid = "[0-9A-HJKMNP-TV-Z]{26}";

/** Schema of one kind of id, such as `ten_01JD…`. */
export const idOf = (kind: IdKind) =>
  z.string().regex(new RegExp(`^${prefixes[kind]}_${ulid}$`), `must look like ${prefixes[kind]}_ and 26 characters`);

export const TenantId = idOf("tenant");
export const OperationId = idOf("operation");
