import { canImpersonate } from "./impersonation.ts";
import { claimHolds } from "./permission-claim.ts";
import type { Permission } from "./policy.ts";

/** What a route asks for where everybody who is signed in may use it, also a user without an organisation. */
export const signedIn = "signed-in";

/** What a route asks for; null is open to everybody. */
export type Needed = Permission | typeof signedIn | null;

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: string };

/**
 * The gate's decision, by the route alone: the resource is judged by the verb (`authorise`). A route that is not in the
 * contract is refused, as is a token without an organisation.
 */
export const decide = (
  route: { readonly permission: Needed } | undefined,
  token: {
    readonly orgId: string;
    readonly permissions: string;
    readonly sid?: string;
    /** Whether the bearer acts in somebody else's name. */
    readonly impersonates?: boolean;
  },
): Decision => {
  if (route === undefined) return { allow: false, reason: "the route is not in the contract" };
  if (route.permission === null) return { allow: true };
  // A user's sessions and invitations are nobody else's.
  if (token.impersonates === true && !canImpersonate(route.permission))
    return { allow: false, reason: `nobody has ${route.permission} on behalf of another` };
  // A key is nobody who could have sessions or invitations.
  if (route.permission === signedIn) return token.sid ? { allow: true } : { allow: false, reason: "it is no user's" };
  if (token.orgId === "") return { allow: false, reason: "the user belongs to no organisation" };
  return claimHolds(token.permissions, route.permission)
    ? { allow: true }
    : { allow: false, reason: `the token lacks ${route.permission}` };
};
