import { routes } from "@tenantry/contract/routes";
import { admit, admits, epochOf } from "@tenantry/core/access/admission";
import { type AccessClaims, impersonationClaims, memberClaims, staffClaims } from "@tenantry/core/access/claims";
import { canImpersonate } from "@tenantry/core/access/impersonation";
import { decide } from "@tenantry/core/access/decide";
import { permissionsIn } from "@tenantry/core/access/permission-claim";
import {
  permissions as everything,
  platformOrg,
  platformRoles,
  type Role,
  type TenantRole,
  tenantRoles,
} from "@tenantry/core/access/policy";
import type { Context } from "@tenantry/core/context";
import { Problem } from "@tenantry/core/problem";
import { type TenantStatus, tenantStatuses } from "@tenantry/core/tenant/tenant";
import { expect, test } from "vitest";
import { type Guarded, verbs } from "../support/verbs.ts";

/**
 * The authorizer decides by the token, the registry and the route; the service layer by the token and the resource. Here
 * both decide on everything there is, and where they differ a line of this table must say why.
 */
const explained = {
  "tenant state":
    "The authorizer asks the registry for the tenant's state; the service layer trusts it for its 25 seconds.",
  "foreign resource":
    "The authorizer looks at the route alone; what belongs to another the service layer does not find.",
  "staff's own": "A route under /api is for one's own tenant, which the platform's staff do not have.",
  "all tenants":
    "Tenants hold the permission for their own; over all tenants the service layer lets the platform's staff alone.",
} as const;

/** The operations that answer for all tenants at once with a permission that tenants hold too. */
const overAll: readonly Guarded[] = ["listAudit", "listUsage"];

const own = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
const foreign = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S9";
const now = Date.parse("2026-11-20T12:00:00.000Z");

/** A role, or support on behalf of a user with the role. */
type Bearer = Role | `support as ${TenantRole}`;

const isStaff = (role: Bearer) => role.startsWith("platform-");
const isActing = (role: Bearer) => role.startsWith("support as ");

const impersonation = {
  id: "imp_1",
  user_id: "v",
  reason: "ticket",
  ends_at: new Date(now + 60_000).toISOString(),
  impersonator: { id: "u", email: null },
};

const claimsOf = (role: Bearer): AccessClaims => {
  if (isStaff(role)) return staffClaims([role]);
  const held = role.replace("support as ", "");
  const membership = { user_id: "v", tenant_id: own, roles: [held], created_at: "2026-01-01T00:00:00.000Z" };
  const organization = { tier: "standard", epoch: 1, roles: [] };
  return isActing(role)
    ? impersonationClaims(impersonation, membership, organization)
    : memberClaims(membership, organization);
};

const shownBy = { id: "imp_1", by: "u", user_id: "v" };
const onBehalfOf = { user_id: "v", impersonation_id: "imp_1", reason: "ticket", ends_at: impersonation.ends_at };

const gate = (role: Bearer, operation: Guarded, status: TenantStatus): boolean => {
  const { org_id = "", permissions, perm_epoch = "" } = claimsOf(role);
  const shown = {
    org_id,
    perm_epoch,
    sid: "s",
    auth_time: now / 1000,
    ...(isActing(role) && { impersonation: shownBy }),
  };
  const admission = admit(
    shown,
    {
      session: null,
      signedOutAt: null,
      membership: isStaff(role) ? null : { status: "active", epoch: 0 },
      tenant: isStaff(role) ? null : { status, epoch: 1 },
      impersonation: { by: "u", user_id: "v", tenant_id: own, endsAt: impersonation.ends_at, ended: false },
    },
    now,
  );
  return (
    admission.admitted &&
    decide(routes[operation], { orgId: org_id, permissions, sid: "s", impersonates: isActing(role) }).allow
  );
};

type Answer = "let in" | "forbidden" | "not found";

/** What a verb asks of the world, it asks after it let the caller in. */
const service = async (role: Bearer, operation: Guarded, tenant: string): Promise<Answer> => {
  const { org_id = "", permissions } = claimsOf(role);
  const ctx: Context = {
    actor: {
      id: "u",
      orgId: org_id,
      permissions: permissionsIn(permissions),
      sessionId: "s",
      ...(isActing(role) && { onBehalfOf }),
    },
    requestId: "r",
  };
  try {
    await verbs[operation](ctx, tenant);
    return "let in";
  } catch (error) {
    if (!(error instanceof Problem)) return "let in";
    if (error.code === "forbidden") return "forbidden";
    return error.status === 404 ? "not found" : "let in";
  }
};

const explain = (
  role: Bearer,
  operation: Guarded,
  status: TenantStatus,
  tenant: string,
  gated: boolean,
  said: Answer,
) => {
  if (!gated && said === "let in" && !isStaff(role) && !admits(status)) return "tenant state";
  if (gated && said === "not found" && !isStaff(role) && tenant === foreign) return "foreign resource";
  if (gated && said === "forbidden" && isStaff(role) && /^\/(api|session)/.test(routes[operation].path))
    return "staff's own";
  if (gated && said === "forbidden" && !isStaff(role) && overAll.includes(operation)) return "all tenants";
  return null;
};

const acting = tenantRoles.map((role) => `support as ${role}` as const);
const bearers: readonly Bearer[] = [...platformRoles, ...tenantRoles, ...acting];

test("the authorizer and the service layer agree on every role, operation, tenant state and resource", async () => {
  expect(epochOf(1, 0)).toBe(claimsOf("tenant-owner").perm_epoch);
  let compared = 0;
  const differing: Record<string, number> = {};
  const unexplained: string[] = [];
  for (const role of bearers)
    for (const operation of Object.keys(verbs) as Guarded[])
      for (const tenant of [own, foreign]) {
        const said = await service(role, operation, tenant);
        for (const status of tenantStatuses) {
          compared += 1;
          const gated = gate(role, operation, status);
          if (gated === (said === "let in")) continue;
          const why = explain(role, operation, status, tenant, gated, said);
          if (why === null)
            unexplained.push(
              `${role} ${operation} on ${tenant === own ? "own" : "foreign"}, ${status}: ${gated}, ${said}`,
            );
          else differing[why] = (differing[why] ?? 0) + 1;
        }
      }
  process.stdout.write(
    `Compared ${compared} decisions of ${Object.keys(verbs).length} operations; they differ by ${JSON.stringify(differing)}.\n`,
  );
  expect(unexplained).toEqual([]);
  expect(Object.keys(differing).toSorted()).toEqual(Object.keys(explained).toSorted());
  const guarded = Object.values(routes).filter(({ permission }) => permission !== null);
  expect(compared).toBe(12 * guarded.length * tenantStatuses.length * 2);
});

test("what belongs to another tenant is not there, whatever the role", async () => {
  const named = (Object.keys(verbs) as Guarded[]).filter((operation) => routes[operation].path.includes("{tenant_id}"));
  expect(named.length).toBeGreaterThan(3);
  for (const role of [...tenantRoles, ...acting])
    for (const operation of named)
      expect([operation, await service(role, operation, foreign)]).toEqual([operation, "not found"]);
  expect(platformOrg).not.toBe(own);
});

test("whatever the tokens say, neither check lets anybody make keys, users or roles on behalf of another", async () => {
  const beyond = (Object.keys(verbs) as Guarded[]).filter((operation) => {
    const { permission } = routes[operation];
    return permission !== "signed-in" && !canImpersonate(permission);
  });
  expect(beyond).toEqual(expect.arrayContaining(["createApiKey", "inviteUser", "changeUser", "putRole"]));
  const all = everything.join(" ");
  const ctx = (orgId: string): Context => ({
    actor: { id: "u", orgId, permissions: permissionsIn(all), sessionId: "s", onBehalfOf },
    requestId: "r",
  });
  for (const operation of beyond) {
    const token = { orgId: own, permissions: all, sid: "s", impersonates: true };
    expect([operation, decide(routes[operation], token).allow]).toEqual([operation, false]);
    await expect((async () => verbs[operation](ctx(own), own))(), operation).rejects.toMatchObject({
      code: "forbidden",
    });
  }
});
