import { randomBytes } from "node:crypto";
import { AwsError, type AwsRequest, type Permission, type Service } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";
import { restReply, restService } from "../../protocols/rest.ts";
import type { UsageKey, UsagePlan } from "./model.ts";
import type { UsagePlans } from "./plans.ts";

const bad = (message: string) => new AwsError("BadRequestException", message, 400);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const tagsIn = (value: unknown): Record<string, string> =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)])) : {};

/** AWS: between 20 and 128 letters and digits; 40 of them unless the caller says. */
const valueIn = (given: unknown): string => {
  if (given === undefined || given === null || given === "")
    return randomBytes(64)
      .toString("base64url")
      .replaceAll(/[^A-Za-z0-9]/g, "")
      .slice(0, 40);
  const value = typeof given === "string" ? given : JSON.stringify(given);
  if (value.length < 20) throw bad("API Key value should be at least 20 characters");
  if (!/^[A-Za-z0-9]{20,128}$/.test(value)) throw bad("API Key value should be 20 to 128 letters and digits");
  return value;
};

const keyToWire = (key: UsageKey, withValue: boolean) => ({
  id: key.id,
  ...(withValue ? { value: key.value } : {}),
  name: key.name,
  ...(key.description === undefined ? {} : { description: key.description }),
  enabled: key.enabled,
  createdDate: Math.floor(key.createdAt / 1000),
  lastUpdatedDate: Math.floor(key.createdAt / 1000),
  stageKeys: [],
  tags: key.tags,
});

const planToWire = ({ id, name, description, apiStages, throttle, quota, tags }: UsagePlan) => ({
  id,
  name,
  ...(description === undefined ? {} : { description }),
  apiStages,
  ...(throttle === undefined ? {} : { throttle }),
  ...(quota === undefined ? {} : { quota: { ...quota, offset: 0 } }),
  tags,
});

const planKeyToWire = ({ id, name, value }: UsageKey) => ({ id, type: "API_KEY", name, value });

/** A page of 25 unless `limit` says, 500 at most; `position` is where the next begins. */
const pageOf = <T>(all: readonly T[], { searchParams }: URL): { item: T[]; position?: string } => {
  const limit = Math.min(Number(searchParams.get("limit") ?? 25), 500);
  const from = Number(searchParams.get("position") ?? 0);
  const next = from + limit;
  return { item: all.slice(from, next), ...(next < all.length ? { position: String(next) } : {}) };
};

const daysBetween = (from: string, to: string): string[] => {
  const first = Date.parse(from);
  const last = Date.parse(to);
  if (!(last >= first) || last - first > 90 * 86_400_000) throw bad("Invalid date range");
  return Array.from({ length: Math.round((last - first) / 86_400_000) + 1 }, (_, day) =>
    new Date(first + day * 86_400_000).toISOString().slice(0, 10),
  );
};

/**
 * What a call is judged by: API Gateway's actions are the HTTP methods, its resources the paths. To set a tag is a
 * PUT on the tags of what is made.
 */
const permissionsOf =
  (host: Pick<Host, "region">, usage: UsagePlans) =>
  ({ method, url, body }: AwsRequest): Permission[] => {
    const arn = (path: string) => `arn:aws:apigateway:${host.region}::${path}`;
    const [, kind, id = ""] = url.pathname.split("/");
    const found = (kind === "apikeys" ? usage.keys() : kind === "usageplans" ? usage.plans() : []).find(
      (one) => one.id === id,
    );
    const asContext = (of: "Request" | "Resource", tags: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:${of}Tag/${name}`, value]));
    let input: unknown;
    try {
      input = JSON.parse(body.toString("utf8") || "{}");
    } catch {
      input = {};
    }
    const tags = method === "POST" && isRecord(input) ? tagsIn(input["tags"]) : {};
    const context = { ...asContext("Request", tags), ...asContext("Resource", found?.tags ?? {}) };
    return [
      { action: `apigateway:${method}`, resource: arn(url.pathname), context },
      ...(Object.keys(tags).length === 0
        ? []
        : [
            {
              action: "apigateway:PUT",
              resource: arn(`/tags/${encodeURIComponent(arn(url.pathname))}%2Fnew`),
              context,
            },
          ]),
    ];
  };

/** API Gateway's own API, as far as keys and usage plans go. */
export const usageService = (host: Pick<Host, "region">, usage: UsagePlans): Service =>
  restService({
    name: "apigateway",
    permissions: permissionsOf(host, usage),
    routes: {
      "POST /apikeys": {
        action: "CreateApiKey",
        handle(input: Record<string, unknown>) {
          const key: UsageKey = {
            id: randomBytes(8).toString("hex").slice(0, 10),
            value: valueIn(input["value"]),
            name: typeof input["name"] === "string" ? input["name"] : "",
            ...(typeof input["description"] === "string" ? { description: input["description"] } : {}),
            enabled: input["enabled"] === true,
            createdAt: Date.now(),
            tags: tagsIn(input["tags"]),
          };
          usage.addKey(key);
          return restReply(201, keyToWire(key, true));
        },
      },
      "GET /apikeys": {
        action: "GetApiKeys",
        handle(_input, _params, { url }) {
          const name = url.searchParams.get("name") ?? "";
          const page = pageOf(
            usage.keys().filter((key) => key.name.startsWith(name)),
            url,
          );
          const withValues = url.searchParams.get("includeValues") === "true";
          return { ...page, item: page.item.map((key) => keyToWire(key, withValues)) };
        },
      },
      "GET /apikeys/{id}": {
        action: "GetApiKey",
        handle: (_input, { id = "" }, { url }) =>
          keyToWire(usage.key(id), url.searchParams.get("includeValue") === "true"),
      },
      "DELETE /apikeys/{id}": {
        action: "DeleteApiKey",
        handle(_input, { id = "" }) {
          usage.removeKey(id);
          return restReply(202);
        },
      },
      "GET /usageplans": {
        action: "GetUsagePlans",
        handle(_input, _params, { url }) {
          const keyId = url.searchParams.get("keyId");
          const page = pageOf(keyId === null ? usage.plans() : usage.plansOf(keyId), url);
          return { ...page, item: page.item.map(planToWire) };
        },
      },
      "GET /usageplans/{id}": { action: "GetUsagePlan", handle: (_input, { id = "" }) => planToWire(usage.plan(id)) },
      "POST /usageplans/{id}/keys": {
        action: "CreateUsagePlanKey",
        handle(input: Record<string, unknown>, { id = "" }) {
          if (input["keyType"] !== "API_KEY") throw bad("Invalid API key type specified");
          const keyId = String(input["keyId"]);
          usage.attach(id, keyId);
          return restReply(201, planKeyToWire(usage.key(keyId)));
        },
      },
      "GET /usageplans/{id}/keys": {
        action: "GetUsagePlanKeys",
        handle(_input, { id = "" }, { url }) {
          usage.plan(id);
          const name = url.searchParams.get("name") ?? "";
          const page = pageOf(
            usage.keysOf(id).filter((key) => key.name.startsWith(name)),
            url,
          );
          return { ...page, item: page.item.map(planKeyToWire) };
        },
      },
      "GET /usageplans/{id}/keys/{keyId}": {
        action: "GetUsagePlanKey",
        handle(_input, { id = "", keyId = "" }) {
          const found = usage.keysOf(usage.plan(id).id).find((key) => key.id === keyId);
          if (found === undefined) throw new AwsError("NotFoundException", "Invalid API Key identifier specified", 404);
          return planKeyToWire(found);
        },
      },
      "DELETE /usageplans/{id}/keys/{keyId}": {
        action: "DeleteUsagePlanKey",
        handle(_input, { id = "", keyId = "" }) {
          usage.detach(usage.plan(id).id, keyId);
          return restReply(202);
        },
      },
      "GET /usageplans/{id}/usage": {
        action: "GetUsage",
        handle(_input, { id = "" }, { url }) {
          const { quota } = usage.plan(id);
          const startDate = url.searchParams.get("startDate") ?? "";
          const endDate = url.searchParams.get("endDate") ?? "";
          const days = daysBetween(startDate, endDate);
          const keyId = url.searchParams.get("keyId");
          const { item: keys, position } = pageOf(
            usage.keysOf(id).filter((key) => keyId === null || key.id === keyId),
            url,
          );
          const countsOf = (key: UsageKey) =>
            days.map((day) => {
              const used = usage.meter.used(id, key.id, day);
              const counted = quota?.period === "MONTH" ? usage.meter.used(id, key.id, day.slice(0, 7)) : used;
              return [used, quota === undefined ? 0 : Math.max(0, quota.limit - counted)];
            });
          return {
            usagePlanId: id,
            startDate,
            endDate,
            // The SDK reads the wire's `values` as `items`.
            values: Object.fromEntries(keys.map((key) => [key.id, countsOf(key)])),
            ...(position === undefined ? {} : { position }),
          };
        },
      },
    },
  });
