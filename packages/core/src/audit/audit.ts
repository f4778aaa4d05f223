import { z } from "zod";
import type { Page, PageRequest } from "../ports.ts";
import { Instant } from "../time.ts";

export const auditResults = ["done", "denied"] as const;
export type AuditResult = (typeof auditResults)[number];

/** Who did what to what, written in the same transaction as the change itself. */
export const AuditEntry = z.strictObject({
  id: z.string(),
  at: Instant,
  actor: z.string(),
  /** The verb, such as `tenant.register`. */
  action: z.string(),
  tenant_id: z.string(),
  request_id: z.string(),
  source_ip: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  // Entries from before there were these lack them.
  /** The user in whose name a member of staff did it, by which impersonation, and why (with denials, its start says that); null for whoever acts for themself. */
  on_behalf_of: z
    .strictObject({ user_id: z.string(), impersonation_id: z.string(), reason: z.string().nullable() })
    .nullable()
    .optional(),
  /** What the request was on, such as `PATCH /api/users/b4c8…`; null for what the platform does itself. */
  target: z.string().nullable().optional(),
  user_agent: z.string().nullable().optional(),
  /** Denied is what the authorizer or the API refused; `after` then counts. */
  result: z.enum(auditResults).optional(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * An entry's place in its tenant's chain. `hash` is the SHA-256, in hex, of the previous hash, a line feed and the entry as
 * canonical JSON (RFC 8785): no entry can be changed, left out or put in without breaking every link after it.
 */
export const AuditLink = z.strictObject({
  /** From 1, without a gap. */
  seq: z.int().positive(),
  previous: digest,
  hash: digest,
});
export type AuditLink = z.infer<typeof AuditLink>;

/** An entry as it is read. It is linked a moment after it was written: until then `chain` is null. */
export const AuditRecord = AuditEntry.extend({ chain: AuditLink.nullable() });
export type AuditRecord = z.infer<typeof AuditRecord>;

/** What a checkpoint states, and whoever verifies it checks: at `seq` the chain had this hash. */
export const AuditCheckpoint = z.strictObject({
  tenant_id: z.string(),
  seq: z.int().positive(),
  hash: digest,
  at: Instant,
});
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;

/** A checkpoint with its signature in base64: ECDSA on P-256 over SHA-256 of its canonical JSON. */
export const SignedCheckpoint = z.strictObject({ checkpoint: AuditCheckpoint, signature: z.string() });
export type SignedCheckpoint = z.infer<typeof SignedCheckpoint>;

export type AuditFilter = {
  readonly tenantId?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly result?: AuditResult | undefined;
  /** The user in whose name something was done. */
  readonly onBehalfOf?: string | undefined;
  /** Instants; `to` is exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** Reads the trail, the newest entry first. */
export interface AuditTrail {
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>>;
}
