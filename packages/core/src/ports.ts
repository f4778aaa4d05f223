import type { Membership } from "./access/membership.ts";
import type { AuditEntry } from "./audit/audit.ts";
import type { OutboundEvent } from "./events.ts";
import type { IdKind } from "./ids.ts";
import type { Operation, OnboardingStep, StepError } from "./operation/operation.ts";
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
};

/** The tenant registry. Every write is conditional and carries its audit entry and events. */
export interface Registry {
  /** Reserves the slug and stores tenant and operation. Returns `"slug-taken"` and writes nothing if the slug is reserved. */
  register(tenant: Tenant, operation: Operation, commit: Commit): Promise<"registered" | "slug-taken">;
  /** Who holds a slug, and the operation that onboards them. */
  findSlug(slug: string): Promise<Reservation | null>;
  /** Takes a registration back, slug and all. Returns `"begun"` and writes nothing if its operation is no longer pending. */
  withdraw(tenant: Tenant, operationId: string, commit: Commit): Promise<"withdrawn" | "begun">;
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
  /** Records what one plane made. Idempotent: the same value may be recorded again. */
  recordResources<P extends keyof TenantResources>(
    tenantId: string,
    plane: P,
    made: NonNullable<TenantResources[P]>,
    at: string,
  ): Promise<void>;
  /** Forgets what one plane made, once it is gone. Idempotent. */
  clearResources(tenantId: string, plane: keyof TenantResources, at: string): Promise<void>;
  addMembership(membership: Membership): Promise<void>;
  membershipsOf(userId: string): Promise<readonly Membership[]>;
}

export type Reservation = { readonly tenant_id: string; readonly operation_id: string };

export type { Membership };

/** Operations and their steps. */
export interface Operations {
  get(id: string): Promise<Operation | null>;
  list(filter: { tenantId?: string | undefined }, page: PageRequest): Promise<Page<Operation>>;
  /** Sets the operation running. A second call changes nothing. */
  start(id: string, at: string): Promise<void>;
  /**
   * Counts an attempt and sets the step running.
   *
   * @throws Problem `state-conflict` when the operation has ended, so that a straggler does not begin to work;
   *   `operation-not-found` when there is none.
   */
  startStep(id: string, step: OnboardingStep, at: string): Promise<void>;
  /** Ends the step if it is running; otherwise it changes nothing. */
  endStep(id: string, step: OnboardingStep, at: string, error: StepError | null): Promise<void>;
  /** Ends the operation unless it has ended. */
  end(
    id: string,
    at: string,
    outcome: { status: "succeeded" } | { status: "failed"; step: OnboardingStep | null; error: StepError },
  ): Promise<void>;
}

/** Starts `onboard-tenant`. The execution is named after the operation, so a repeated start is the same execution. */
export interface Workflows {
  startOnboarding(input: { operation_id: string; tenant_id: string }): Promise<void>;
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
