import type { Membership } from "./access/membership.ts";
import type { AuditEntry } from "./audit/audit.ts";
import type { OutboundEvent } from "./events.ts";
import type { Making } from "./idempotency.ts";
import type { IdKind } from "./ids.ts";
import type { Operation, OperationStatus, StepError, StepName } from "./operation/operation.ts";
import type { Claim, QuotaUse } from "./tenant/quota.ts";
import type { Tenant, TenantResources, TenantStatus } from "./tenant/tenant.ts";
import type { TierName } from "./tenant/tier.ts";

export type Clock = () => Date;
export type NewId = (kind: IdKind) => string;

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };
/** `after` is the position that `next` of the page before gave; the edge wraps it in a signed cursor. */
export type PageRequest = { readonly limit: number; readonly after: string | null };

/** What one verb changes, written in one transaction or not at all. */
export type Commit = {
  readonly audit: AuditEntry;
  readonly events: readonly OutboundEvent[];
  /** Which request makes what: a second commit of the same request's writes nothing. */
  readonly making?: Making | undefined;
};

/** The tenant registry. Every write is conditional and carries its audit entry and events. */
export interface Registry {
  /**
   * Reserves the slug, takes the claim of the quotas and stores tenant and operation. Writes nothing if the slug is reserved or a
   * quota has no room.
   *
   * @param request is kept with the slug
   */
  register(
    tenant: Tenant,
    operation: Operation,
    commit: Commit,
    claim?: Claim,
    request?: string,
  ): Promise<"registered" | "slug-taken" | "quota-used-up">;
  /** Who holds a slug, and the operation that onboards them. */
  findSlug(slug: string): Promise<Reservation | null>;
  /**
   * Takes a registration back, with its slug and what it took of the quotas. Returns `"begun"` and writes nothing if its
   * operation is no longer pending.
   */
  withdraw(tenant: Tenant, operationId: string, commit: Commit, claim?: Claim): Promise<"withdrawn" | "begun">;
  getTenant(id: string): Promise<Tenant | null>;
  listTenants(
    filter: { status?: TenantStatus | undefined; tier?: TierName | undefined },
    page: PageRequest,
  ): Promise<Page<Tenant>>;
  /** Moves a tenant from one of `from` to `to`. Returns null and writes nothing if it is in another state. */
  moveTenant(
    id: string,
    from: readonly TenantStatus[],
    to: TenantStatus,
    at: string,
    commit: Commit,
  ): Promise<Tenant | null>;
  addMembership(membership: Membership): Promise<void>;
  /** Idempotent. */
  removeMembership(userId: string, tenantId: string): Promise<void>;
  /** The users of a tenant. A membership of the last second may be missing: who must not miss one asks by the user. */
  membersOf(tenantId: string): Promise<readonly string[]>;
  /** Writes what was done with a tenant that does not change it. Returns false and writes nothing in another status. */
  note(tenantId: string, status: TenantStatus, commit: Commit): Promise<boolean>;
  /** How much of each quota tenants take now. */
  quotaUse(): Promise<QuotaUse>;
  membershipsOf(userId: string): Promise<readonly Membership[]>;
}

export type Reservation = {
  readonly tenant_id: string;
  readonly operation_id: string;
  /** Which request made it: its caller and its idempotency key, where it had one. */
  readonly request?: string;
};

export type { Membership };

export type OperationFilter = { readonly tenantId?: string | undefined; readonly status?: OperationStatus | undefined };

/** What the tenant's record says of one plane from now on: what was made of it, or null once that is gone. */
export type PlaneRecord = {
  readonly [Plane in keyof Required<TenantResources>]: {
    readonly plane: Plane;
    readonly made: NonNullable<TenantResources[Plane]> | null;
  };
}[keyof TenantResources];

/** How a step ended, in one write: the record is there if, and only if, the step has succeeded. */
export type StepEnd = {
  /** Null: it succeeded. */
  readonly error: StepError | null;
  /** Which flight ended with it. */
  readonly flightId?: string;
  readonly record?: PlaneRecord & { readonly tenantId: string };
};

/** Operations and their steps. */
export interface Operations {
  get(id: string): Promise<Operation | null>;
  list(filter: OperationFilter, page: PageRequest): Promise<Page<Operation>>;
  /**
   * Counts an attempt and sets the step running, and a pending operation with its first step. Until `endStep` is told of this flight, or its deadline is over, the
   * attempt is in flight: it may still make or take things, whatever the step's status says. A step forward may begin while the operation is pending or
   * running, a step back while it is compensating, and only for the execution that works on it.
   *
   * @returns `"done"` and writes nothing if the step has succeeded: it is not run again.
   * @throws Problem `state-conflict` otherwise, so that a straggler does not begin to work; `operation-not-found`.
   */
  startStep(
    id: string,
    step: StepName,
    at: string,
    flight?: { readonly id: string; readonly execution: string; readonly deadline: string },
  ): Promise<"begun" | "done">;
  /**
   * Ends the step if it is running, with what is recorded then, and the flight in any case. A flight that succeeds has
   * done what another one failed to do: the step has succeeded then, unless the operation has turned around meanwhile.
   */
  endStep(id: string, step: StepName, at: string, end: StepEnd): Promise<void>;
  /** Ends a flight and leaves the step as it is. */
  land(id: string, step: StepName, flightId: string): Promise<void>;
  /** The steps that have an attempt in flight at this time. */
  inFlight(id: string, at: string): Promise<readonly StepName[]>;
  /**
   * Moves the operation on, all or nothing. Returns null and writes nothing if its status or execution, or the tenant's
   * status, is no longer what was read.
   *
   * @throws Problem `quota-used-up` and writes nothing if a quota has no room for what the change takes.
   */
  move(operation: Operation, change: OperationChange): Promise<Operation | null>;
}

/** What changes with an operation's status. What is absent stays as it is. */
export type OperationChange = {
  readonly to: OperationStatus;
  readonly at: string;
  readonly execution?: string;
  readonly attempt?: number;
  readonly error?: Operation["error"];
  readonly cancelledAt?: string | null;
  /** Null when the work begins again. */
  readonly endedAt?: string | null;
  /** Replaced as a whole; only while no step can run. */
  readonly steps?: Operation["steps"];
  readonly compensation?: Operation["compensation"];
  readonly tenant?: { readonly was: Tenant; readonly to: TenantStatus };
  /** What is taken of the quotas, or given back. */
  readonly quota?: { readonly take: Claim } | { readonly giveBack: Claim };
  readonly commit?: Commit;
};

/** What is known of an execution. `error` says how it ended, in words for a person. */
export type ExecutionState = "running" | "missing" | { readonly error: StepError };

/** State machines. An execution has the name that the operation gives it, so a repeated start is the same execution. */
export interface Workflows {
  start(operation: Pick<Operation, "id" | "tenant_id" | "execution">): Promise<void>;
  /** Stops an execution; one that has ended or never was is no error. */
  stop(execution: string, reason: StepError): Promise<void>;
  look(execution: string): Promise<ExecutionState>;
}

/** A keyed signature over text, such as HMAC. */
export interface Signer {
  sign(text: string): Promise<string>;
  /** Compares in constant time. */
  verify(text: string, signature: string): Promise<boolean>;
}

/** Everything that the verbs of the registry need from outside. */
export type Ports = {
  readonly registry: Registry;
  readonly operations: Operations;
  readonly workflows: Workflows;
  readonly clock: Clock;
  readonly newId: NewId;
};
