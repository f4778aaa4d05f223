import { z } from "zod";
import type { Makings } from "../idempotency.ts";
import { idOf } from "../ids.ts";
import type { Clock, Commit, NewId, Page, PageRequest, Registry } from "../ports.ts";
import { Instant } from "../time.ts";
import type { Members } from "../user/ports.ts";

export const ImpersonationId = idOf("impersonation");

/** A member of staff acts for a user of a tenant, for a while and for a reason. */
export const Impersonation = z.strictObject({
  id: z.string(),
  tenant_id: z.string(),
  user_id: z.string(),
  /** Who acts. */
  impersonator: z.strictObject({ id: z.string(), email: z.string().nullable() }),
  reason: z.string(),
  started_at: Instant,
  ends_at: Instant,
  /** When it was ended before its time. */
  ended_at: Instant.nullable(),
});
export type Impersonation = Readonly<z.infer<typeof Impersonation>>;

/** Whether tokens of it are accepted at this moment. */
export const runs = ({ ended_at, ends_at }: Pick<Impersonation, "ended_at" | "ends_at">, now: Date): boolean =>
  ended_at === null && now.getTime() < Date.parse(ends_at);

export interface Impersonations {
  /** The member of staff's next sign-in through the client for it is for this one. */
  start(impersonation: Impersonation, commit: Commit): Promise<void>;
  get(id: string): Promise<Impersonation | null>;
  /** Those of one tenant, the newest first. One of the last second may be missing. */
  list(tenantId: string, page: PageRequest): Promise<Page<Impersonation>>;
  /** Returns false and writes nothing if it was ended already. */
  end(id: string, at: string, commit: Commit): Promise<boolean>;
}

export type ImpersonationPorts = {
  readonly registry: Pick<Registry, "getTenant">;
  readonly members: Pick<Members, "get">;
  readonly impersonations: Impersonations;
  readonly makings: Makings;
  readonly clock: Clock;
  readonly newId: NewId;
};
