import { describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { authorise, ownTenant, reaches } from "./authorise.ts";
import { impersonable } from "./impersonation.ts";
import { type Permission, permissions, platformOrg } from "./policy.ts";

const as = (orgId: string, ...held: Permission[]): Context => ({
  actor: { id: "u", orgId, permissions: new Set(held), sessionId: "s" },
  requestId: "r",
});

const outcome = (ask: () => unknown): unknown => {
  try {
    return ask();
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};

test.for<[org: string, tenant: string, reached: boolean]>([
  [platformOrg, "ten_A", true],
  ["ten_A", "ten_A", true],
  ["ten_A", "ten_B", false],
  ["ten_A", "", false],
  ["", "", false],
  ["", "ten_A", false],
])("%j reaches %j: %s", ([org, tenant, reached]) => expect(reaches(as(org), tenant)).toBe(reached));

test.for<[org: string, own: string]>([
  ["ten_A", "ten_A"],
  [platformOrg, "forbidden"],
  ["", "forbidden"],
])("the own tenant of %j is %s", ([org, own]) => expect(outcome(() => ownTenant(as(org)))).toBe(own));

describe("the service layer's decision", () => {
  test.for<[org: string, tenant: string | undefined, held: string | undefined, lacking: string]>([
    [platformOrg, undefined, undefined, "forbidden"],
    [platformOrg, "ten_A", undefined, "forbidden"],
    [platformOrg, "", "forbidden", "forbidden"],
    ["ten_A", "ten_A", undefined, "forbidden"],
    // Whoever may not know of a tenant does not learn that they lack a permission.
    ["ten_A", "ten_B", "tenant-not-found", "tenant-not-found"],
    ["ten_A", undefined, "forbidden", "forbidden"],
    ["ten_A", "", "forbidden", "forbidden"],
    ["", "ten_A", "tenant-not-found", "tenant-not-found"],
    ["", undefined, "forbidden", "forbidden"],
    ["", "", "forbidden", "forbidden"],
  ])("for %j on %j is %s with the permission and %s without", ([org, tenant, held, lacking]) => {
    expect(outcome(() => authorise(as(org, "usage:read"), "usage:read", tenant))).toBe(held);
    expect(outcome(() => authorise(as(org, "users:read"), "usage:read", tenant))).toBe(lacking);
  });

  test("on behalf of another gives what can be done so, and nothing else of what the bearer holds", () => {
    const ends_at = "2026-11-20T12:30:00.000Z";
    const onBehalfOf = { user_id: "mia", impersonation_id: "imp_1", reason: "ticket", ends_at };
    const { actor, requestId } = as("ten_A", ...permissions);
    const may = (one: Permission) =>
      outcome(() => authorise({ actor: { ...actor, onBehalfOf }, requestId }, one, "ten_A"));
    expect(impersonable.length).toBeGreaterThan(3);
    expect(permissions.filter((one) => may(one) === undefined).toSorted()).toEqual(impersonable.toSorted());
    expect(may("users:manage")).toBe("forbidden");
  });
});
