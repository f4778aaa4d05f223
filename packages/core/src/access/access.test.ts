import { describe, expect, test } from "vitest";
import { type AccessClaims, chooseMembership, memberClaims, nobody, staffClaims, staffRolesIn } from "./claims.ts";
import { decide, signedIn } from "./decide.ts";
import { keyScopes } from "./key-scopes.ts";
import { Membership, statusOf } from "./membership.ts";
import { permissionsIn } from "./permission-claim.ts";
import {
  permissions,
  permissionsOf,
  platformOrg,
  platformRoles,
  type Role,
  roles,
  tenantPermissions,
  tenantRoles,
} from "./policy.ts";

const membership = (tenant: string, created: string, ...held: string[]) => ({
  user_id: "u",
  tenant_id: tenant,
  roles: held,
  created_at: created,
});

const organization = { tier: "standard", epoch: 3, roles: [] };

/** What the trigger does with what it looked up. */
const claimsOf = (
  user: { groups: readonly string[]; memberships: readonly Membership[] },
  ...wanted: (string | undefined)[]
): AccessClaims => {
  const staff = staffRolesIn(user.groups);
  if (staff.length > 0) return staffClaims(staff);
  const chosen = chooseMembership(user.memberships, wanted);
  return chosen === undefined ? nobody : memberClaims(chosen, organization);
};

const tokenOf = (role: Role) =>
  role.startsWith("platform-")
    ? claimsOf({ groups: [role], memberships: [] })
    : claimsOf({ groups: [], memberships: [membership("ten_1", "2026-01-01T00:00:00.000Z", role)] });

describe("the policy", () => {
  test("gives each role of a tenant all that the next one has", () => {
    for (const [at, role] of tenantRoles.slice(1).entries())
      expect(roles[tenantRoles[at]!]).toEqual(expect.arrayContaining([...roles[role]]));
  });

  test("lets an auditor and a viewer look and do nothing", () => {
    for (const role of ["platform-auditor", "tenant-viewer"] as const)
      expect(roles[role].filter((permission) => !permission.endsWith(":read"))).toEqual([]);
    expect(roles["platform-auditor"].length).toBeGreaterThan(2);
  });

  test("keeps what the platform's staff alone may do out of every tenant's reach", () => {
    for (const permission of ["tenants:create", "operations:cancel", "webhooks:manage"] as const) {
      expect(tenantPermissions).not.toContain(permission);
      const forged = { name: "helper", permissions: [permission, "usage:read", "made:up"] };
      expect(permissionsOf(["helper"], [forged])).toEqual(["usage:read"]);
    }
  });

  test("gives every permission to somebody, and all of them to nobody but admins", () => {
    for (const permission of permissions)
      expect([...platformRoles, ...tenantRoles].filter((role) => roles[role].includes(permission))).not.toEqual([]);
    expect(permissionsOf(["tenant-owner"])).toEqual(tenantPermissions);
  });
});

test("a tenant's own role is held by whom it was given to, and by nobody else", () => {
  const custom = [{ name: "helper", permissions: ["usage:read"] }];
  expect(permissionsOf([], custom)).toEqual([]);
  expect(permissionsOf(["other"], custom)).toEqual([]);
  expect(permissionsOf(["helper"], custom)).toEqual(["usage:read"]);
  expect(permissionsOf(["helper"])).toEqual([]);
});

test("a key makes no keys, and lets nobody in", () => {
  const managing = tenantPermissions.filter((one) => one.endsWith(":manage") || one === "sso:write");
  expect(managing).toEqual(expect.arrayContaining(["api-keys:manage", "roles:manage", "users:manage"]));
  expect(keyScopes).toEqual(tenantPermissions.filter((one) => !managing.includes(one)));
});

test("a membership is what it says and nothing else", () => {
  const one = { ...membership("ten_1", "2026-01-01T00:00:00.000Z", "tenant-owner"), status: "active", epoch: 1 };
  expect(Membership.parse(one)).toEqual(one);
  for (const odd of [{ ...one, status: "made-up" }, { ...one, epoch: 0.5 }, { ...one, more: 1 }, { user_id: "u" }])
    expect(Membership.safeParse(odd).success).toBe(false);
  expect(statusOf({})).toBe("active");
});

describe("the gate", () => {
  const pairs = (Object.keys(roles) as Role[]).flatMap((role) => permissions.map((one) => [role, one] as const));

  test.for(pairs)("%s and %s", ([role, permission]) => {
    const token = tokenOf(role);
    const decision = decide({ permission }, { orgId: token.org_id ?? "", permissions: token.permissions });
    expect(decision.allow).toBe(roles[role].includes(permission));
  });

  test("refuses a route that is not in the contract, and a user without an organisation", () => {
    const all = permissions.join(" ");
    expect(decide(undefined, { orgId: platformOrg, permissions: all }).allow).toBe(false);
    expect(decide({ permission: "tenants:read" }, { orgId: "", permissions: all }).allow).toBe(false);
    expect(decide({ permission: null }, { orgId: "", permissions: "" }).allow).toBe(true);
    expect(decide({ permission: signedIn }, { orgId: "", permissions: "", sid: "s" }).allow).toBe(true);
    expect(decide({ permission: signedIn }, { orgId: platformOrg, permissions: all, sid: "" }).allow).toBe(false);
    expect(decide({ permission: "tenants:read" }, { orgId: platformOrg, permissions: "tenants:readable" }).allow).toBe(
      false,
    );
  });

  test("says why nobody does on behalf of another what is theirs alone", () => {
    const token = { orgId: "ten_1", permissions: permissions.join(" "), sid: "s", impersonates: true };
    expect(decide({ permission: "usage:read" }, token)).toEqual({ allow: true });
    for (const permission of ["users:manage", signedIn] as const)
      expect(decide({ permission }, token)).toEqual({
        allow: false,
        reason: `nobody has ${permission} on behalf of another`,
      });
  });
});

describe("the claims of a token", () => {
  test("are the platform's for staff, even for those who are members of a tenant too", () => {
    const memberships = [membership("ten_1", "2026-01-01T00:00:00.000Z", "tenant-owner")];
    expect(claimsOf({ groups: ["platform-billing", "platform-support", "other"], memberships })).toEqual({
      org_id: platformOrg,
      roles: "platform-billing platform-support",
      permissions: permissionsOf(["platform-billing", "platform-support"]).join(" "),
    });
  });

  test("are those of the oldest membership for others", () => {
    const memberships = [
      membership("ten_2", "2026-02-01T00:00:00.000Z", "tenant-owner"),
      membership("ten_1", "2026-01-01T00:00:00.000Z", "tenant-owner"),
    ];
    expect(claimsOf({ groups: [], memberships })).toEqual({
      org_id: "ten_1",
      org_tier: "standard",
      roles: "tenant-owner",
      permissions: permissionsOf(["tenant-owner"]).join(" "),
      perm_epoch: "3.0",
    });
    expect(claimsOf({ groups: [], memberships }, undefined, "ten_2").org_id).toBe("ten_2");
    expect(claimsOf({ groups: [], memberships }, "ten_3", "ten_2").org_id).toBe("ten_2");
    expect(claimsOf({ groups: [], memberships }, "ten_3").org_id).toBe("ten_1");
  });

  test("name every role, also several", () =>
    expect(
      claimsOf({
        groups: [],
        memberships: [membership("ten_1", "2026-01-01T00:00:00.000Z", "tenant-viewer", "tenant-member")],
      }).roles,
    ).toBe("tenant-viewer tenant-member"));

  test("are not those of an invitation or of a membership that is disabled", () => {
    const one = membership("ten_1", "2026-01-01T00:00:00.000Z", "tenant-owner");
    for (const status of ["invited", "disabled"] as const)
      expect(claimsOf({ groups: [], memberships: [{ ...one, status }] }, "ten_1")).toEqual(nobody);
    expect(claimsOf({ groups: [], memberships: [{ ...one, epoch: 7 }] }).perm_epoch).toBe("3.7");
  });

  test("give nothing to a user without either, nor to roles and groups that are not known", () => {
    expect(claimsOf({ groups: ["tenant-owner", "admins"], memberships: [] })).toEqual({ roles: "", permissions: "" });
    const forged = [membership("ten_1", "2026-01-01T00:00:00.000Z", "platform-admin", "constructor", "made-up")];
    expect(claimsOf({ groups: [], memberships: forged }).permissions).toBe("");
  });

  test("are read back as known permissions only", () => {
    expect(permissionsIn("usage:read nonsense tenants:read")).toEqual(new Set(["tenants:read", "usage:read"]));
    expect(permissionsIn("").size).toBe(0);
    expect(permissionsIn("usage:readtenants:read").size).toBe(0);
  });
});
