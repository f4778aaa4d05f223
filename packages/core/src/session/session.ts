import { z } from "zod";
import type { Membership } from "../access/membership.ts";
import type { Commit } from "../ports.ts";
import { Instant } from "../time.ts";

/** One sign-in, over all refreshes of its tokens. */
export const Session = z.strictObject({
  id: z.string(),
  /** The organisation that its last request was for; empty for none. */
  org_id: z.string(),
  started_at: Instant,
  /** The last request that was noted, which is a minute and a half behind at most. */
  last_seen_at: Instant,
  source_ip: z.string(),
  user_agent: z.string(),
  /** Of a sign-in by which a member of staff acts for a user: for whom, why and until when; null for all others. */
  impersonation: z
    .strictObject({ impersonation_id: z.string(), user_id: z.string(), reason: z.string(), ends_at: Instant })
    .nullable(),
});
export type Session = Readonly<z.infer<typeof Session>>;

/** Users' sessions, as the authorizer noted them. */
export interface Sessions {
  /** Those that were not ended, and when the user last signed out everywhere, in seconds since 1970. */
  of(userId: string): Promise<{ readonly sessions: readonly Session[]; readonly signedOutAt: number | null }>;
  /** Returns false and writes nothing if there is none, or none any more. */
  end(userId: string, id: string, at: string, commit: Commit): Promise<boolean>;
  /** Ends every session that began until then, known or not. */
  endAll(userId: string, at: string, commit: Commit): Promise<void>;
}

/** For which of their organisations a user acts. */
export interface Choices {
  membershipOf(userId: string, tenantId: string): Promise<Membership | null>;
  choose(userId: string, tenantId: string, at: string, commit: Commit): Promise<void>;
}
