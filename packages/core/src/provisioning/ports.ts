import type { Issuers } from "../access/issuer.ts";
import type { Clock, NewId, Operations, PlaneRecord, Registry } from "../ports.ts";
import type { Tenant, TenantResources } from "../tenant/tenant.ts";
import type { Isolation, TierName } from "../tenant/tier.ts";
import type { KubernetesObject } from "./namespace-objects.ts";

/** One run of one task, as its edge hands it to the verb. */
export type TaskRun = {
  readonly operationId: string;
  readonly tenantId: string;
  readonly requestId: string;
  /** The execution that runs the task. */
  readonly execution?: string | undefined;
  /** What was caught, for BeginCompensation. `Cause` is the function's error as JSON, or empty. */
  readonly failure?: { readonly Error: string; readonly Cause: string } | undefined;
};

/** What it returns is recorded with the end of its step. */
export type TaskVerb = (run: TaskRun) => Promise<PlaneRecord | void>;

type Made<Plane extends keyof TenantResources> = NonNullable<TenantResources[Plane]>;

/**
 * The planes. Each `ensure` looks before it makes, takes over what it made for this tenant before, and throws
 * `NameTaken` for what belongs to somebody else; run twice, even at once, it makes one thing.
 *
 * Each `release` takes away what `ensure` may have made for this tenant, finished, half finished or recorded by nobody,
 * and nothing that belongs to somebody else. What is gone already is no error; run twice, even at once, it is the same.
 */
export interface Databases {
  /**
   * A login to the shared database (pool), or a database with an owner who can log in, on the shared server (bridge) or
   * an own one (silo). The credentials go to the secret store before the role exists.
   *
   * @throws NotReadyYet while a server is being made; so does `release` while one is being taken away.
   */
  ensure(request: {
    tenantId: string;
    slug: string;
    isolation: Isolation;
    name: string;
    role: string;
  }): Promise<Made<"database">>;
  release(tenant: Tenant): Promise<void>;
}

export interface Storage {
  /**
   * A folder with these objects in it, empty if new. `prefix` ends with a slash; `objects` are relative to it. A silo's
   * objects are encrypted under a key of its own.
   */
  ensure(request: {
    tenantId: string;
    slug: string;
    isolation: Isolation;
    prefix: string;
    objects: readonly string[];
  }): Promise<Made<"storage">>;
  release(tenant: Tenant): Promise<void>;
}

export interface Users {
  /**
   * The user with this e-mail address; invited if there is none yet. A bridge gets an app client of its own in the shared
   * user pool, a silo a user pool.
   */
  ensure(request: { tenantId: string; slug: string; isolation: Isolation; email: string }): Promise<Made<"identity">>;
  /** @throws TransientError while the user is being taken away, so that nobody becomes a member with a user that goes. */
  confirm(made: Made<"identity">): Promise<void>;
  /**
   * Tells `leaving` each of the tenant's users and `closing` each of its clients before it takes them away. A user of the
   * shared pool goes only if onboarding invited them and `leaving` answers that they belong to nobody else.
   */
  release(
    tenant: Tenant,
    told: {
      readonly leaving: (userId: string) => Promise<"free" | "held">;
      readonly closing: (client: { readonly user_pool_id: string; readonly client_id: string }) => Promise<void>;
    },
  ): Promise<void>;
}

/** What the API counts a tenant's requests by, under the limits of its tier. */
export interface UsageKeys {
  /** The id of the tenant's key, in the plan of its tier. */
  ensure(request: { tenantId: string; tier: TierName }): Promise<string>;
  release(tenant: Tenant): Promise<void>;
}

export type NamespaceRequest = {
  readonly tenantId: string;
  readonly slug: string;
  /** For the record of who changed what. */
  readonly operationId: string;
  readonly objects: readonly KubernetesObject[];
  readonly ifServed: readonly string[];
};

export interface Cluster {
  readonly name: string;
  /**
   * Makes the first object, the tenant's namespace, then the others in it. Kinds in `ifServed` are left out on a
   * cluster that does not know them. `objects` of the answer are `Kind/name` of what stands.
   */
  ensure(request: NamespaceRequest): Promise<Made<"namespace">>;
  /** Takes the namespace away, with all that is in it; done when it is gone. */
  release(tenant: Tenant, operationId: string): Promise<void>;
}

/** A mail by the welcome template: what goes into it. */
export type Mail = { readonly to: string; readonly values: Readonly<Record<string, string>> };

export interface Mailer {
  /** `tags` go to the mail service's own log; letters, digits, hyphens and underscores only. */
  send(mail: Mail, tags: Readonly<Record<string, string>>): Promise<void>;
}

/** Of which operations the owner has been told. */
export interface Notices {
  given(operationId: string): Promise<boolean>;
  /** Idempotent. */
  give(operationId: string, at: string): Promise<void>;
}

export type ProvisioningPorts = {
  readonly registry: Registry;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly databases: Databases;
  readonly storage: Storage;
  readonly users: Users;
  readonly issuers: Issuers;
  readonly usageKeys: UsageKeys;
  readonly cluster: Cluster;
  readonly mailer: Mailer;
  readonly notices: Notices;
};
