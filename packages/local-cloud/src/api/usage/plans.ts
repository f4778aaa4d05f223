import type { Graph } from "../../deploy/graph.ts";
import { AwsError } from "../../gateway/service.ts";
import type { Store } from "../../store.ts";
import { GatewayError } from "../responses.ts";
import { createMeter, type Meter } from "./meter.ts";
import { keysIn, planKeysIn, plansIn, type UsageKey, type UsagePlan } from "./model.ts";

/** The API keys and usage plans of the account, and what they let through. */
export type UsagePlans = {
  readonly meter: Meter;
  keys(): UsageKey[];
  key(id: string): UsageKey;
  /** @throws AwsError `ConflictException` when there is a key of this value. */
  addKey(key: UsageKey): void;
  removeKey(id: string): void;
  plans(): UsagePlan[];
  plan(id: string): UsagePlan;
  plansOf(keyId: string): UsagePlan[];
  keysOf(planId: string): UsageKey[];
  /** @throws AwsError `ConflictException` when the key is in a plan of one of these stages already. */
  attach(planId: string, keyId: string): void;
  detach(planId: string, keyId: string): void;
  apply(graph: Graph): void;
  /**
   * Counts a request of a stage under the key of this value.
   *
   * @throws GatewayError INVALID_API_KEY, THROTTLED or QUOTA_EXCEEDED.
   */
  admit(value: string | undefined, at: { readonly apiId: string; readonly stage: string }): UsageKey;
};

const missing = (what: string, id: string) =>
  new AwsError("NotFoundException", `Invalid ${what} identifier specified: ${id}`, 404);

const sameStage = (a: UsagePlan, b: UsagePlan): boolean =>
  a.apiStages.some((one) => b.apiStages.some(({ apiId, stage }) => apiId === one.apiId && stage === one.stage));

export const createUsagePlans = (store: Store, now: () => number = Date.now): UsagePlans => {
  const kept = store.collection<UsageKey>("apigateway-keys");
  const attached = store.collection<{ deployed?: boolean }>("apigateway-plan-keys");
  const meter = createMeter(store.collection<number>("apigateway-usage"), now);
  let plans = new Map<string, UsagePlan>();
  // Asked on each request, so kept at hand.
  const byValue = new Map(kept.list().map(({ value }) => [value.value, value]));

  const key = (id: string): UsageKey => {
    const found = kept.get(id);
    if (found === undefined) throw missing("API Key", id);
    return found;
  };
  const plan = (id: string): UsagePlan => {
    const found = plans.get(id);
    if (found === undefined) throw missing("Usage Plan", id);
    return found;
  };
  const plansOf = (keyId: string): UsagePlan[] =>
    attached.list(`${keyId}/`).flatMap(({ key: name }) => plans.get(name.slice(keyId.length + 1)) ?? []);
  const put = (one: UsageKey): void => {
    kept.put(one.id, one);
    byValue.set(one.value, one);
  };
  const removeKey = (id: string): void => {
    const { value } = key(id);
    for (const { key: name } of attached.list(`${id}/`)) attached.delete(name);
    kept.delete(id);
    byValue.delete(value);
    meter.forget(id);
  };

  return {
    meter,
    keys: () => kept.list().map(({ value }) => value),
    key,
    addKey(one) {
      if (byValue.has(one.value)) throw new AwsError("ConflictException", "API Key already exists", 409);
      put(one);
    },
    removeKey,
    plans: () => [...plans.values()],
    plan,
    plansOf,
    keysOf: (planId) => kept.list().flatMap(({ value }) => (attached.get(`${value.id}/${planId}`) ? [value] : [])),
    attach(planId, keyId) {
      const wanted = plan(planId);
      key(keyId);
      if (plansOf(keyId).some((other) => other.id === planId || sameStage(other, wanted)))
        throw new AwsError(
          "ConflictException",
          `Usage Plan ${planId} cannot be added because API Key cannot reference multiple Usage Plans with the same API stage`,
          409,
        );
      attached.put(`${keyId}/${planId}`, {});
    },
    detach(planId, keyId) {
      if (attached.get(`${keyId}/${planId}`) === undefined) throw missing("Usage Plan Key", keyId);
      attached.delete(`${keyId}/${planId}`);
    },
    apply(graph) {
      plans = new Map(plansIn(graph).map((one) => [one.id, one]));
      const deployed = keysIn(graph);
      for (const { value } of kept.list())
        if (value.deployed && !deployed.some(({ id }) => id === value.id)) removeKey(value.id);
      for (const one of deployed) put(one);
      for (const { key: name, value } of attached.list()) if (value.deployed) attached.delete(name);
      for (const { planId, keyId } of planKeysIn(graph)) attached.put(`${keyId}/${planId}`, { deployed: true });
    },
    admit(value, { apiId, stage }) {
      const found = value === undefined ? undefined : byValue.get(value);
      const one = found?.enabled
        ? plansOf(found.id).find(({ apiStages }) =>
            apiStages.some((place) => place.apiId === apiId && place.stage === stage),
          )
        : undefined;
      if (found === undefined || one === undefined) throw new GatewayError("INVALID_API_KEY");
      const outcome = meter.admit(one, found.id);
      if (outcome !== "admitted") throw new GatewayError(outcome);
      return found;
    },
  };
};
