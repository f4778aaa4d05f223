/** Emits usage events: `createMeter({ stream }).record({ tenant_id, metric, value })`. */
export * from "@tenantry/meter/meter";
