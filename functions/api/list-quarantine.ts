import { quarantineOperations } from "@tenantry/contract/quarantine-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { quarantine } from "./quarantine-app.ts";

export const handler = http(
  quarantineOperations.listQuarantine,
  async ({ ctx, query: { limit, cursor, tenant_id, ...rest } }) => {
    const filter = { tenantId: tenant_id, ...rest };
    return {
      body: await paged({ list: "quarantine", filter }, { limit, cursor }, (page) =>
        quarantine.list(ctx, filter, page),
      ),
    };
  },
);
