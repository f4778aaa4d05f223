import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoMakings } from "@tenantry/aws/makings";
import { newId } from "@tenantry/aws/new-id";
import { dynamoOperations } from "@tenantry/aws/operations";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { hmacSigner, secretValue } from "@tenantry/aws/signer";
import { stepFunctions } from "@tenantry/aws/workflows";
import { cancelOperation } from "@tenantry/core/operation/cancel";
import { getOperation } from "@tenantry/core/operation/get";
import { listOperations } from "@tenantry/core/operation/list";
import type { Operation } from "@tenantry/core/operation/operation";
import { retryOperation } from "@tenantry/core/operation/retry";
import { decodeCursor, encodeCursor, type Listing } from "@tenantry/core/page/cursor";
import type { Page, PageRequest } from "@tenantry/core/ports";
import { getTenant } from "@tenantry/core/tenant/get";
import { listTenants } from "@tenantry/core/tenant/list";
import { registerTenant } from "@tenantry/core/tenant/register";
import { quotaLimits } from "@tenantry/core/tenant/limits";

/**
 * The composition root of the API. Each part is made when it is first asked for: a function is given only the settings
 * that it needs.
 */
const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};

const database = once(documents);
const registry = once(() => dynamoRegistry(database(), setting("CONTROL_TABLE")));
const operations = once(() => dynamoOperations(database(), setting("CONTROL_TABLE")));
const makings = once(() => dynamoMakings(database(), setting("CONTROL_TABLE")));
const workflows = once(() =>
  stepFunctions({
    "onboard-tenant": setting("ONBOARDING_STATE_MACHINE"),
    "compensate-tenant": setting("COMPENSATION_STATE_MACHINE"),
  }),
);
const signer = once(() => hmacSigner(secretValue(setting("CURSOR_SECRET"))));
const limits = once(() => quotaLimits(setting("TENANT_LIMITS")));

const ports = {
  get registry() {
    return registry();
  },
  get operations() {
    return operations();
  },
  get makings() {
    return makings();
  },
  get workflows() {
    return workflows();
  },
  clock: () => new Date(),
  newId,
};

export const app = {
  tenants: { register: registerTenant(ports, limits), list: listTenants(ports), get: getTenant(ports) },
  operations: {
    list: listOperations(ports),
    get: getOperation(ports),
    retry: retryOperation(ports, limits),
    cancel: cancelOperation(ports),
  },
};

/** The headers of an answer that only leads to an operation. */
export const followUp = (root: string, { id }: Operation) => ({
  location: `${root}/admin/operations/${id}`,
  "retry-after": "1",
});

type PageQuery = { readonly limit: number; readonly cursor?: string | undefined };

/** A page of a list on the wire: its cursors are signed and belong to the filter. */
export const paged = async <T>(
  listing: Listing,
  { limit, cursor }: PageQuery,
  read: (page: PageRequest) => Promise<Page<T>>,
): Promise<{ items: T[]; next_cursor: string | null }> => {
  const after = cursor === undefined ? null : await decodeCursor(signer(), listing, cursor);
  const { items, next } = await read({ limit, after });
  return { items: [...items], next_cursor: next === null ? null : await encodeCursor(signer(), listing, next) };
};
