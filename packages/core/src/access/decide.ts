import { permissionsIn } from "./claims.ts";
import type { Permission } from "./policy.ts";

export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: string };

/**
 * The gate's decision, by the route alone: the resource is judged by the verb (`authorise`). A route that is not in the
 * contract is refused, as is a token without an organisation.
 */
export const decide = (
  route: { readonly permission: Permission | null } | undefined,
  token: { readonly orgId: string; readonly permissions: string },
): Decision => {
  if (route === undefined) return { allow: false, reason: "the route is not in the contract" };
  if (route.permission === null) return { allow: true };
  if (token.orgId === "") return { allow: false, reason: "the user belongs to no organisation" };
  return permissionsIn(token.permissions).has(route.permission)
    ? { allow: true }
    : { allow: false, reason: `the token lacks ${route.permission}` };
};
