import { expect, test } from "vitest";
import { excuses } from "../support/excused-grants.ts";
import type { Grant } from "../support/grants.ts";
import { compareGrants, deedsOf } from "../support/unused-grants.ts";

const grant = (name: string, action: string): Grant => ({
  function: name,
  role: `${name}-role`,
  action,
  resources: ["ControlTable"],
  conditions: [],
});
const grants = [
  grant("get-tenant", "dynamodb:GetItem"),
  grant("get-tenant", "dynamodb:Query"),
  grant("list-tenants", "secretsmanager:GetSecretValue"),
];

test("a permission that no deployment's tests used is told, unless it has a reason", () => {
  const first = deedsOf(grants, { "get-tenant-role": ["dynamodb:GetItem"] });
  const unused = "get-tenant may dynamodb:Query on ControlTable";
  expect(compareGrants([first])).toEqual({ granted: 3, used: 1, excused: 1, unused: [unused] });
  const second = deedsOf(grants, { "get-tenant-role": ["dynamodb:Query"] });
  expect(compareGrants([first, second])).toEqual({ granted: 3, used: 2, excused: 1, unused: [] });
});

test("no excuse is for everything, and each says why", () => {
  expect(excuses.length).toBeGreaterThan(0);
  for (const { functions, actions, reason } of excuses) {
    expect(functions.test("get-tenant") && actions.test("dynamodb:PutItem")).toBe(false);
    expect(reason).toMatch(/\.$/);
  }
});
