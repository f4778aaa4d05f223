import { z } from "zod";
import { authorise } from "../access/authorise.ts";
import type { AuditedChange } from "../audit/actions.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import type { OutboundEvent } from "../events.ts";
import { callerOf } from "../idempotency.ts";
import { newOnboarding } from "../operation/begin.ts";
import type { Operation } from "../operation/operation.ts";
import type { Commit, Ports, Reservation } from "../ports.ts";
import { Problem } from "../problem.ts";
import { TenantName } from "./name.ts";
import { features, regions } from "./offer.ts";
import { preflight } from "./preflight.ts";
import { claimOf, type QuotaLimits } from "./quota.ts";
import { slugOf } from "./slug.ts";
import type { Tenant } from "./tenant.ts";
import { type TierName, tierNames } from "./tier.ts";

export const RegisterTenant = z.strictObject({
  name: TenantName,
  tier: z.enum(tierNames),
  config: z
    .strictObject({
      // Whether they are offered says the preflight, so that its answer has all reasons at once.
      region: z
        .string()
        .max(64, "must have at most 64 characters")
        .default(regions[0])
        .meta({ enum: [...regions] }),
      features: z
        .array(
          z
            .string()
            .max(64, "must have at most 64 characters")
            .meta({ enum: [...features] }),
        )
        .max(features.length)
        .refine((list) => new Set(list).size === list.length, "must not name a feature twice")
        .default([]),
    })
    .prefault({}),
  owner: z
    .strictObject({ email: z.email("must be an e-mail address").max(254, "must have at most 254 characters") })
    .optional(),
});
export type RegisterTenant = z.infer<typeof RegisterTenant>;

export type Registered = { readonly tenant: Tenant; readonly operation: Operation };

/**
 * Registers a tenant and starts its onboarding. Without an owner the caller owns the tenant.
 *
 * The registration is stored first and the workflow started second: a workflow never runs without its tenant. If it
 * cannot be started the registration is taken back, so that the same request may simply be sent again.
 *
 * @param key the request's idempotency key: one that died before it was answered is answered when it comes again
 * @throws Problem `invalid-request`, `tenant-exists` or `quota-used-up` with all reasons at once; `unavailable` when the
 *   workflow cannot be started.
 */
export const registerTenant =
  (ports: Ports, limits: () => QuotaLimits = () => ({})) =>
  async (ctx: Context, input: RegisterTenant, key?: string): Promise<Registered> => {
    authorise(ctx, "tenants:create");
    const email = input.owner?.email ?? ctx.actor.email;
    const slug = slugOf(input.name);
    const request = key === undefined ? undefined : `${callerOf(ctx)}#${key}`;
    const before = request === undefined ? null : await registeredBy(ports, request, slug, input.tier);
    if (before !== null) return before;
    const check = async () => {
      const holder = await ports.registry.findSlug(slug);
      if (holder !== null) await revive(ports, holder);
      return preflight(ports.registry, limits(), input, { slug, holder, email });
    };
    const config = await check();
    if (email === undefined) throw new Error("A tenant without an owner passed the preflight.");
    const at = ports.clock().toISOString();
    const id = ports.newId("tenant");
    const tenant: Tenant = {
      id,
      slug,
      name: input.name,
      tier: input.tier,
      status: "provisioning",
      config,
      owner: { email },
      resources: {},
      created_at: at,
      updated_at: at,
    };
    const operation = newOnboarding(ports.newId("operation"), id, at);
    const outcome = await ports.registry.register(
      tenant,
      operation,
      commitOf(ports, ctx, tenant, "tenant.register"),
      claimOf(tenant.tier, limits()),
      request,
    );
    if (outcome !== "registered") {
      // Somebody was faster since the preflight; another one knows by whom, or what is used up.
      await check();
      throw outcome === "slug-taken"
        ? new Problem("tenant-exists", `The slug ${slug} is taken.`)
        : new Problem("quota-used-up", `There was no room for another ${tenant.tier} tenant a moment ago.`);
    }
    try {
      await start(ports, operation);
    } catch (cause) {
      await withdraw(ports, ctx, tenant, operation, cause);
    }
    return { tenant, operation };
  };

/** What the same request registered before. A key is known for a day, and may then be another request's. */
const registeredBy = async (
  ports: Ports,
  request: string,
  slug: string,
  tier: TierName,
): Promise<Registered | null> => {
  const holder = await ports.registry.findSlug(slug);
  if (holder?.request !== request) return null;
  await revive(ports, holder);
  const tenant = await ports.registry.getTenant(holder.tenant_id);
  const operation = await ports.operations.get(holder.operation_id);
  return tenant?.tier !== tier || operation === null ? null : { tenant, operation };
};

const start = (ports: Ports, operation: Operation) => ports.workflows.start(operation);

/** Returns if the workflow runs after all: a start can succeed and lose its reply. */
const withdraw = async (ports: Ports, ctx: Context, tenant: Tenant, operation: Operation, cause: unknown) => {
  const commit = commitOf(ports, ctx, tenant, "tenant.withdraw");
  const outcome = await ports.registry.withdraw(tenant, operation.id, commit, claimOf(tenant.tier, {}));
  if (outcome === "begun") return;
  throw new Problem("unavailable", "The onboarding could not be started. Nothing was kept: send the request again.", {
    cause,
  });
};

/**
 * A process that died between storing and starting leaves an operation that nobody runs. Starting it again is free of
 * harm, as the execution is named after the operation, so whoever asks for the same name brings it back to life.
 */
const revive = async (ports: Ports, holder: Reservation): Promise<void> => {
  const operation = await ports.operations.get(holder.operation_id);
  if (operation?.status === "pending") await start(ports, operation).catch(() => undefined);
};

const commitOf = (
  ports: Ports,
  ctx: Context,
  tenant: Tenant,
  action: "tenant.register" | "tenant.withdraw",
): Commit => {
  const { id, slug, name, tier, config } = tenant;
  const data = { tenant_id: id, slug, name, tier, config };
  const event: OutboundEvent = {
    id: ports.newId("event"),
    type: action === "tenant.register" ? "tenant.registered.v1" : "tenant.registration_withdrawn.v1",
    subject: id,
    time: ports.clock().toISOString(),
    data,
  };
  const change: AuditedChange =
    action === "tenant.register" ? { action, tenantId: id, after: data } : { action, tenantId: id, before: data };
  return { audit: auditEntry(ports, ctx, change), events: [event] };
};
