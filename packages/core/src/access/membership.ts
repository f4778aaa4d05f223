import { z } from "zod";
import { Instant } from "../time.ts";
import { type MembershipStatus, membershipStatuses } from "./membership-status.ts";

/** A user's place in a tenant. The registry is the truth; Cognito only signs. */
export const Membership = z.strictObject({
  user_id: z.string(),
  tenant_id: z.string(),
  roles: z.array(z.string()),
  created_at: Instant,
  email: z.string().optional(),
  /** Active where it is absent. */
  status: z.enum(membershipStatuses).optional(),
  /** How often roles or status changed. Tokens of an earlier epoch are refused. */
  epoch: z.int().optional(),
  /** Of invitations: who invited, and until when it can be accepted. */
  invited_by: z.string().optional(),
  invitation_ends_at: Instant.optional(),
});
export type Membership = Readonly<Omit<z.infer<typeof Membership>, "roles">> & { readonly roles: readonly string[] };

export const statusOf = ({ status }: Pick<Membership, "status">): MembershipStatus => status ?? "active";
