import { type Membership, statusOf } from "../access/membership.ts";

/** A user of a tenant, as the API shows them. */
export type User = {
  readonly id: string;
  /** Null for a member of whom the registry has no address. */
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly status: "invited" | "active" | "disabled";
  readonly created_at: string;
  readonly invited_by: string | null;
  /** Until when the invitation can be accepted; null for members. */
  readonly invitation_ends_at: string | null;
};

export const userOf = (membership: Membership): User => ({
  id: membership.user_id,
  email: membership.email ?? null,
  roles: membership.roles,
  status: statusOf(membership),
  created_at: membership.created_at,
  invited_by: membership.invited_by ?? null,
  invitation_ends_at: statusOf(membership) === "invited" ? (membership.invitation_ends_at ?? null) : null,
});

export const isOwner = (membership: Membership): boolean =>
  statusOf(membership) === "active" && membership.roles.includes("tenant-owner");

/** Later than any epoch before it, also of a membership that was taken away: tokens of that one stay refused. */
export const nextEpoch = (before: Pick<Membership, "epoch"> | null, now: Date): number =>
  Math.max((before?.epoch ?? 0) + 1, now.getTime());
