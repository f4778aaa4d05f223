import type { TenantStatus } from "../tenant/tenant.ts";
import type { MembershipStatus } from "./membership-status.ts";
import { platformOrg } from "./policy.ts";

/** A session ends after so long without a request. */
export const idleMillis = 60 * 60_000;

/** Activity is written at most so often. A session may therefore end by so much earlier, and never later. */
export const activityMillis = 60_000;

/** The states of a tenant whose users the API lets in. */
const admitted: Readonly<Record<TenantStatus, boolean>> = {
  registered: false,
  provisioning: false,
  active: true,
  suspended: false,
  frozen: true,
  failed: false,
  offboarding: false,
  deleted: false,
};

export const admits = (status: TenantStatus): boolean => Object.hasOwn(admitted, status) && admitted[status];

/** What a token says of its session and of the roles that it was made from. */
export type Presented = {
  readonly org_id: string;
  readonly perm_epoch: string;
  /** The sign-in, the same over all refreshes. */
  readonly sid: string;
  /** When it was, in seconds since 1970. */
  readonly auth_time: number;
  /** Of a token by which staff act for a user. */
  readonly impersonation?: Impersonating | undefined;
};

/** Who acts for whom, by which impersonation. */
export type Impersonating = { readonly id: string; readonly by: string; readonly user_id: string };

/** What the registry knows of the bearer at this moment. */
export type Known = {
  readonly tenant: { readonly status: TenantStatus; readonly epoch: number } | null;
  readonly membership: { readonly status: MembershipStatus; readonly epoch: number } | null;
  /** Null until the first request of a session. */
  readonly session: { readonly lastSeenAt: string; readonly ended: boolean } | null;
  /** All sessions that began until then are over; seconds since 1970. */
  readonly signedOutAt: number | null;
  /** The impersonation that the token names. */
  readonly impersonation?:
    | {
        readonly by: string;
        readonly user_id: string;
        readonly tenant_id: string;
        readonly endsAt: string;
        readonly ended: boolean;
      }
    | null
    | undefined;
};

export type Admission =
  | { readonly admitted: true; /** The request is to be noted as the session's activity. */ readonly note: boolean }
  | { readonly admitted: false; readonly status: 401 | 403; readonly reason: string };

/** Both a role's and a membership's change make a new epoch. */
export const epochOf = (tenantEpoch = 0, membershipEpoch = 0): string => `${tenantEpoch}.${membershipEpoch}`;

/**
 * Whether the bearer of a verified token is let in now: the session lives, the roles are still those of the token, and
 * the tenant is in a state to be used. 401 is for tokens that a new one can replace, 403 for what signing in does not mend.
 */
export const admit = (token: Presented, known: Known, now: number): Admission => {
  const refusal =
    sessionRefusal(token, known, now) ?? impersonationRefusal(token, known, now) ?? memberRefusal(token, known);
  if (refusal !== null) return refusal;
  return { admitted: true, note: known.session === null || now - lastSeen(token, known) >= activityMillis };
};

const refused = (status: 401 | 403, reason: string) => ({ admitted: false, status, reason }) as const;

/** Until the first request that is the sign-in itself. */
const lastSeen = ({ auth_time }: Presented, { session }: Known): number =>
  session === null ? auth_time * 1000 : Date.parse(session.lastSeenAt);

const sessionRefusal = (token: Presented, known: Known, now: number) => {
  if (token.sid === "" || !(token.auth_time > 0)) return refused(401, "the token names no session");
  if (known.session?.ended === true) return refused(401, "the session was ended");
  if (known.signedOutAt !== null && token.auth_time <= known.signedOutAt)
    return refused(401, "the user signed out everywhere");
  // Not `>`: a time that is no number must not keep a session alive.
  return now - lastSeen(token, known) < idleMillis ? null : refused(401, "the session was idle for too long");
};

const impersonationRefusal = ({ org_id, impersonation: shown }: Presented, known: Known, now: number) => {
  if (shown === undefined) return null;
  const { impersonation } = known;
  if (impersonation === undefined || impersonation === null) return refused(401, "there is no such impersonation");
  const { by, user_id, tenant_id } = impersonation;
  if (by !== shown.by || user_id !== shown.user_id || tenant_id !== org_id)
    return refused(401, "the impersonation is another's");
  if (impersonation.ended) return refused(401, "the impersonation was ended");
  // Not `>=`: a time that is none must not keep it alive.
  return now < Date.parse(impersonation.endsAt) ? null : refused(401, "the impersonation's time is over");
};

const memberRefusal = ({ org_id, perm_epoch }: Presented, { tenant, membership }: Known) => {
  if (org_id === "" || org_id === platformOrg) return null;
  if (membership?.status !== "active") return refused(401, "the user is no active member of the organisation");
  if (tenant === null) return refused(403, "the organisation is gone");
  if (perm_epoch !== epochOf(tenant.epoch, membership.epoch)) return refused(401, "the roles have changed since");
  return admits(tenant.status) ? null : refused(403, `the organisation is ${tenant.status}`);
};
