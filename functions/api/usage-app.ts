import type { ListUsageQuery, UsageQuery } from "@tenantry/contract/schemas/usage";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoMeters } from "@tenantry/aws/usage-meters";
import { dynamoUsageTotals } from "@tenantry/aws/usage-totals";
import { getUsageChart } from "@tenantry/core/usage/chart";
import { getOwnUsage } from "@tenantry/core/usage/get-own-usage";
import { getTenantUsage } from "@tenantry/core/usage/get-tenant-usage";
import { listMeters } from "@tenantry/core/usage/list-meters";
import { type ListUsage, listUsage } from "@tenantry/core/usage/list-usage";
import { putMeter } from "@tenantry/core/usage/put-meter";

const control = setting("CONTROL_TABLE");
const table = setting("USAGE_TABLE");

const ports = {
  registry: dynamoRegistry(documents(), control),
  usage: dynamoUsageTotals(table),
  meters: dynamoMeters(table, { control }),
  clock: () => new Date(),
  newId,
};

/** The composition root of the part of the API about usage and its meters. */
export const usage = {
  get: getTenantUsage(ports),
  getOwn: getOwnUsage(ports),
  list: listUsage(ports),
  chart: getUsageChart(ports),
};
export const meters = { list: listMeters(ports), put: putMeter(ports) };

/** A query as the verbs take it. */
export const requestOf = ({ group_by, ...query }: UsageQuery) => ({ ...query, groupBy: group_by?.split(",") });

/** The same of a list, whose schema has seen to it that there is a month or both ends. */
export const listRequestOf = (query: Omit<ListUsageQuery, "limit" | "cursor">): ListUsage => {
  const { group_by, month, from = "", to = "", ...rest } = query;
  return { ...rest, groupBy: group_by?.split(","), ...(month === undefined ? { from, to } : { month }) };
};
