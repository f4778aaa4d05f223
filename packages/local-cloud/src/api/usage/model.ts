import { type Graph, type GraphResource, ofType } from "../../deploy/graph.ts";

/** An API key of API Gateway's own. */
export type UsageKey = {
  readonly id: string;
  readonly value: string;
  readonly name: string;
  readonly description?: string;
  readonly enabled: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Comes with a deployment and goes with it. */
  readonly deployed?: boolean;
};

export type UsagePlan = {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly apiStages: readonly { readonly apiId: string; readonly stage: string }[];
  /** Requests a second on average, and how many at once; absent: as many as come. */
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number };
  readonly quota?: { readonly limit: number; readonly period: "DAY" | "MONTH" };
  readonly tags: Readonly<Record<string, string>>;
};

const apigateway = (type: string) => `aws:apigateway/${type}`;
const numbered = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));

const planOf = ({ id, name, inputs, outputs }: GraphResource): UsagePlan => {
  const stages = (inputs["apiStages"] ?? []) as { apiId: string; stage: string; throttles?: unknown[] }[];
  if (stages.some(({ throttles = [] }) => throttles.length > 0))
    throw new Error(`${name}: the embedded cloud's usage plans have no limits of single methods.`);
  const throttle = inputs["throttleSettings"] as Record<string, unknown> | undefined;
  const quota = inputs["quotaSettings"] as Record<string, unknown> | undefined;
  const period = quota?.["period"];
  if (quota !== undefined && ((period !== "DAY" && period !== "MONTH") || Number(quota["offset"] ?? 0) !== 0))
    throw new Error(`${name}: the embedded cloud's quotas are of a DAY or a MONTH, without an offset.`);
  const rateLimit = numbered(throttle?.["rateLimit"]);
  const burstLimit = numbered(throttle?.["burstLimit"]);
  return {
    id,
    name: String(outputs["name"] ?? name),
    ...(typeof inputs["description"] === "string" ? { description: inputs["description"] } : {}),
    apiStages: stages.map(({ apiId, stage }) => ({ apiId, stage })),
    ...(rateLimit === undefined || burstLimit === undefined ? {} : { throttle: { rateLimit, burstLimit } }),
    ...(period === "DAY" || period === "MONTH" ? { quota: { limit: Number(quota?.["limit"]), period } } : {}),
    tags: (inputs["tags"] ?? {}) as Record<string, string>,
  };
};

/** @throws Error that names what a plan asks for and the embedded cloud lacks. */
export const plansIn = (graph: Graph): UsagePlan[] => ofType(graph, apigateway("usagePlan:UsagePlan")).map(planOf);

export const keysIn = (graph: Graph): UsageKey[] =>
  ofType(graph, apigateway("apiKey:ApiKey")).map(({ id, name, inputs, outputs }) => ({
    id,
    value: String(outputs["value"]),
    name: String(outputs["name"] ?? name),
    ...(typeof inputs["description"] === "string" ? { description: inputs["description"] } : {}),
    enabled: inputs["enabled"] !== false,
    createdAt: 0,
    tags: (inputs["tags"] ?? {}) as Record<string, string>,
    deployed: true,
  }));

export const planKeysIn = (graph: Graph): { planId: string; keyId: string }[] =>
  ofType(graph, apigateway("usagePlanKey:UsagePlanKey")).map(({ inputs }) => ({
    planId: String(inputs["usagePlanId"]),
    keyId: String(inputs["keyId"]),
  }));
