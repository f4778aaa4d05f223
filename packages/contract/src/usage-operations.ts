import { z } from "zod";
import { MeterName } from "@tenantry/core/usage/meters";
import { define, none } from "./define.ts";
import { pageOf, pathId, tenantIdExample } from "./schemas/common.ts";
import { ListUsageQuery, Meter, MeterBody, TenantUsage, UsageQuery } from "./schemas/usage.ts";
import { usageRows } from "./usage-rows.ts";

const json = "application/json";

/** The operations on usage and its meters. */
export const usageOperations = {
  getTenantUsage: define("getTenantUsage", {
    tag: "Usage",
    summary: "Read a tenant's usage",
    description: "What one meter counted in each hour, day or month (UTC).",
    params: z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) }),
    query: UsageQuery,
    body: null,
    success: {
      status: 200,
      description: "Usage in buckets.",
      contentType: json,
      body: TenantUsage,
      rows: (body) => usageRows(body as TenantUsage),
    },
    problems: ["invalid-usage-window", "tenant-not-found"],
  }),
  getTenantUsageChart: define("getTenantUsageChart", {
    tag: "Usage",
    summary: "See a tenant's usage",
    description:
      "A chart of what one meter counted on each day (UTC) of up to 92, as an SVG that says in words what it shows.",
    params: z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) }),
    query: UsageQuery.pick({ metric: true, from: true, to: true }),
    body: null,
    success: { status: 200, description: "The chart.", contentType: "image/svg+xml", body: z.string() },
    problems: ["invalid-usage-window", "tenant-not-found"],
  }),
  listUsage: define("listUsage", {
    tag: "Usage",
    summary: "Read all tenants' usage",
    description: "The usage of one meter, tenant by tenant, the newest first, page by page.",
    params: none,
    query: ListUsageQuery,
    body: null,
    success: {
      status: 200,
      description: "A page of tenants' usage.",
      contentType: json,
      body: pageOf(TenantUsage),
      rows: (body) => (body as { items: TenantUsage[] }).items.flatMap(usageRows),
    },
    problems: ["invalid-usage-window", "invalid-cursor"],
  }),
  getOwnUsage: define("getOwnUsage", {
    tag: "Usage",
    summary: "Read your own usage",
    description: "What one meter counted for the tenant that the caller belongs to.",
    params: none,
    query: UsageQuery,
    body: null,
    success: {
      status: 200,
      description: "Usage in buckets.",
      contentType: json,
      body: TenantUsage,
      rows: (body) => usageRows(body as TenantUsage),
    },
    problems: ["invalid-usage-window", "tenant-not-found"],
  }),
  listMeters: define("listMeters", {
    tag: "Usage",
    summary: "List meters",
    description: "All meters, the shipped ones first.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The meters.",
      contentType: json,
      body: z.strictObject({ items: z.array(Meter).readonly() }),
    },
    problems: [],
  }),
  putMeter: define("putMeter", {
    tag: "Usage",
    summary: "Make or change a meter",
    description:
      "Makes a meter, or changes one: its limit, and dimensions that join. Unit, aggregation and decimals stay, for what has been counted stays. Events of a new meter count as soon as this is answered.",
    params: z.strictObject({ name: MeterName }),
    query: none,
    body: MeterBody,
    success: { status: 200, description: "The meter.", contentType: json, body: Meter },
    problems: ["meter-conflict"],
  }),
};
