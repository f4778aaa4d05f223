import { z } from "zod";
import { Instant } from "../time.ts";

/** A user's place in a tenant. The registry is the truth; Cognito only signs. */
export const Membership = z.strictObject({
  user_id: z.string(),
  tenant_id: z.string(),
  roles: z.array(z.string()),
  created_at: Instant,
});
export type Membership = {
  readonly user_id: string;
  readonly tenant_id: string;
  readonly roles: readonly string[];
  readonly created_at: string;
};
