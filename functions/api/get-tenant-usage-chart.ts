import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { usageChart } from "@tenantry/lambda/usage-chart";
import { usage } from "./usage-app.ts";

/** The drawing has styles of its own. */
const headers = { "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" };

export const handler = http(usageOperations.getTenantUsageChart, async ({ ctx, params, query }) => ({
  body: usageChart(await usage.chart(ctx, { tenantId: params.tenant_id, ...query })),
  headers,
}));
