import { Problem } from "../problem.ts";
import type { TenantStatus } from "./tenant.ts";

/** Every state of a tenant and the states it may go to next. */
export const transitions = {
  registered: ["provisioning"],
  provisioning: ["active", "failed"],
  active: ["suspended", "frozen", "offboarding"],
  suspended: ["active", "offboarding"],
  frozen: ["active", "offboarding"],
  failed: ["provisioning", "offboarding"],
  offboarding: ["deleted"],
  deleted: [],
} as const satisfies Record<TenantStatus, readonly TenantStatus[]>;

export const canMove = (from: TenantStatus, to: TenantStatus): boolean =>
  (transitions[from] as readonly TenantStatus[]).includes(to);

/** The states from which a tenant may come to this one. */
export const sourcesOf = (to: TenantStatus): TenantStatus[] =>
  (Object.keys(transitions) as TenantStatus[]).filter((from) => canMove(from, to));

/** @throws Problem `state-conflict` when the table does not allow the move. */
export const assertMove = (from: TenantStatus, to: TenantStatus): void => {
  if (!canMove(from, to)) throw new Problem("state-conflict", `A tenant that is ${from} cannot become ${to}.`);
};
