import { keyScopes } from "./key-scopes.ts";
import { type Permission, roles } from "./policy.ts";

/** On whose behalf a member of staff acts. */
export type OnBehalfOf = {
  readonly user_id: string;
  readonly impersonation_id: string;
  /** As the member of staff gave it when they began. */
  readonly reason: string;
};

/** The same, and until when: an instant. */
export type Acting = OnBehalfOf & { readonly ends_at: string };

/** What stands in a tenant's place for the client through which staff impersonate: its tokens do nothing else. */
export const impersonationIssuer = "impersonation";

/** An impersonation ends after so many minutes at the latest. */
export const longestImpersonationMinutes = 30;

/**
 * What can be done in a tenant's name: what support may do anyway, and keys could too. So nobody gains a permission by
 * it, and users, roles and keys are out of its reach whatever support's own role comes to hold.
 */
export const impersonable: readonly Permission[] = keyScopes.filter((one) => roles["platform-support"].includes(one));

const set: ReadonlySet<string> = new Set(impersonable);

export const canImpersonate = (permission: string): boolean => set.has(permission);
