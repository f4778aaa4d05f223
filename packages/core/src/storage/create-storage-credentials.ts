import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Clock, NewId, Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { TenantResources } from "../tenant/tenant.ts";

/** Seconds. More than an hour no session of a function's can hand out. */
export const credentialSeconds = { least: 900, most: 3600 } as const;

export type StorageCredentials = {
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token: string;
  readonly expires_at: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  /** Under which key to write, where the tenant has one of its own. */
  readonly kms_key_arn: string | null;
};

/** Makes credentials that reach one tenant's folder and nothing else. */
export interface StorageVault {
  /** @param until an instant from which on they reach nothing, though they may last longer */
  issue(
    tenant: { readonly slug: string; readonly storage: NonNullable<TenantResources["storage"]> },
    seconds: number,
    until?: string,
  ): Promise<StorageCredentials>;
}

export type StoragePorts = {
  readonly registry: Pick<Registry, "getTenant" | "note">;
  readonly vault: StorageVault;
  readonly clock: Clock;
  readonly newId: NewId;
};

type Input = { readonly tenantId: string; readonly seconds: number };

/**
 * Hands out short-lived credentials for a tenant's folder. Who asked, for whom and for how long goes to the audit trail
 * before they are made; the credentials go nowhere but to the caller. By an impersonation they are as short as there are any,
 * as they cannot be taken back when it is ended, and reach nothing once its time is over.
 *
 * @throws Problem `tenant-not-found`, `state-conflict` unless the tenant is active, `forbidden` once the time is over.
 */
export const createStorageCredentials =
  (ports: StoragePorts) =>
  async (ctx: Context, { tenantId, seconds: asked }: Input): Promise<StorageCredentials> => {
    authorise(ctx, "storage:credentials", tenantId);
    const until = ctx.actor.onBehalfOf?.ends_at;
    const seconds = until === undefined ? asked : credentialSeconds.least;
    // Not `>=`: a time that is none must not keep it alive.
    if (until !== undefined && !(ports.clock().getTime() < Date.parse(until)))
      throw new Problem("forbidden", "The impersonation's time is over.");
    const tenant = TenantId.safeParse(tenantId).success ? await ports.registry.getTenant(tenantId) : null;
    if (tenant === null) throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
    const { slug, status, resources } = tenant;
    const inactive = new Problem(
      "state-conflict",
      `The tenant is ${status}; only an active tenant's files can be reached.`,
    );
    if (status !== "active" || resources.storage === undefined) throw inactive;
    const audit = auditEntry(ports, ctx, {
      action: "tenant.create-storage-credentials",
      tenantId,
      after: { prefix: resources.storage.prefix, seconds, ...(until === undefined ? {} : { until }) },
    });
    if (!(await ports.registry.note(tenantId, "active", { audit, events: [] }))) throw inactive;
    return ports.vault.issue({ slug, storage: resources.storage }, seconds, until);
  };

/**
 * The same for the caller's own tenant.
 *
 * @throws Problem `forbidden` for the platform's staff, who have no tenant of their own.
 */
export const createOwnStorageCredentials =
  (ports: StoragePorts) =>
  async (ctx: Context, { seconds }: Pick<Input, "seconds">): Promise<StorageCredentials> => {
    if (ctx.actor.orgId === platformOrg)
      throw new Problem("forbidden", "Members of the platform organisation have no tenant of their own.");
    return createStorageCredentials(ports)(ctx, { tenantId: ctx.actor.orgId, seconds });
  };
