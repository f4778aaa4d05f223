import { describe, expect, test } from "vitest";
import { Problem } from "../problem.ts";
import { tenantStatuses } from "./tenant.ts";
import { assertMove, canMove, sourcesOf, transitions } from "./transitions.ts";

/** Every move there is, written out by hand: from on the left. Anything else is refused. */
const allowed = new Set([
  "registered → provisioning",
  "provisioning → active",
  "provisioning → failed",
  "failed → provisioning",
  "failed → offboarding",
  "active → suspended",
  "active → frozen",
  "active → offboarding",
  "suspended → active",
  "suspended → offboarding",
  "frozen → active",
  "frozen → offboarding",
  "offboarding → deleted",
]);

describe("a tenant's moves", () => {
  const pairs = tenantStatuses.flatMap((from) => tenantStatuses.map((to) => [from, to] as const));

  test.for(pairs)("%s → %s", ([from, to]) => {
    const may = allowed.has(`${from} → ${to}`);
    expect(canMove(from, to)).toBe(may);
    expect(sourcesOf(to).includes(from)).toBe(may);
    expect(codeOf(() => assertMove(from, to))).toBe(may ? undefined : "state-conflict");
  });

  test("lead from registered to every state, and from every state to deleted", () => {
    const reach = (start: (typeof tenantStatuses)[number]) => {
      const seen = new Set([start]);
      for (const state of seen) for (const next of transitions[state]) seen.add(next);
      return seen;
    };
    expect(reach("registered")).toEqual(new Set(tenantStatuses));
    for (const state of tenantStatuses) expect(reach(state)).toContain("deleted");
  });
});

const codeOf = (act: () => void): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};
