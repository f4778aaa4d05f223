import { excuses } from "./excused-grants.ts";
import type { Grant } from "./grants.ts";

/** What functions of a deployment may do, and what they have done: actions by function. */
export type Deeds = { readonly grants: readonly Grant[]; readonly used: Readonly<Record<string, readonly string[]>> };

export type GrantReport = {
  readonly granted: number;
  readonly used: number;
  readonly excused: number;
  /** `get-tenant may dynamodb:GetItem on ControlTable` */
  readonly unused: readonly string[];
};

/** Actions by function instead of by role. */
export const deedsOf = (grants: readonly Grant[], byRole: Readonly<Record<string, readonly string[]>>): Deeds => ({
  grants,
  used: Object.fromEntries(grants.map(({ function: name, role }) => [name, byRole[role] ?? []])),
});

/** Compares what functions may do with what they have done on all deployments of it. */
export const compareGrants = (all: readonly Deeds[]): GrantReport => {
  // Not all deployments have all functions: an exporter is deployed only where there is something to export to.
  const known = all.flatMap(({ grants }) => grants);
  const grants = [
    ...new Map(
      known.map((grant) => [JSON.stringify([grant.function, grant.action, grant.resources, grant.conditions]), grant]),
    ).values(),
  ];
  const has = ({ function: name, action }: Grant): boolean => all.some(({ used }) => used[name]?.includes(action));
  const left = grants.filter((grant) => !has(grant));
  const unused = left.filter(
    (grant) => !excuses.some(({ functions, actions }) => functions.test(grant.function) && actions.test(grant.action)),
  );
  return {
    granted: grants.length,
    used: grants.length - left.length,
    excused: left.length - unused.length,
    unused: unused.map(({ function: name, action, resources }) => `${name} may ${action} on ${resources.join(", ")}`),
  };
};
