import { rejections } from "@tenantry/core/usage/event";
import { QuarantineEntry as CoreEntry, quarantineStates } from "@tenantry/core/usage/quarantine-entry";
import { z } from "zod";
import { instantExample, pageQuery, tenantIdExample, TenantId } from "./common.ts";

export const quarantineIdExample = "qua_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";

export const ListQuarantineQuery = z.strictObject({
  tenant_id: TenantId.optional().meta({ description: "Only records of this tenant.", example: tenantIdExample }),
  reason: z.enum(rejections).optional().meta({ description: "Only records set aside for this.", example: "too-late" }),
  state: z.enum(quarantineStates).optional().meta({ description: "Only records in this state.", example: "waiting" }),
  day: z.iso
    .date("must be a day, such as 2026-11-20")
    .optional()
    .meta({ description: "Only records that arrived on this day, UTC.", example: "2026-11-20" }),
  ...pageQuery,
});

const example: z.infer<typeof CoreEntry> = {
  id: quarantineIdExample,
  tenant_id: tenantIdExample,
  partition_key: tenantIdExample,
  position: "shardId-000000000000:49590338271490256608559692538361571095921575989136588898",
  arrived_at: instantExample,
  size: 118,
  state: "waiting",
  reasons: ["unknown-tenant"],
  events: 1,
  lines: "1",
  faults: [{ line: 1, reason: "unknown-tenant", detail: "There is no such tenant." }],
  redrives: [],
  created_at: instantExample,
  updated_at: instantExample,
};

export const QuarantineEntry = CoreEntry.meta({
  id: "QuarantineEntry",
  description:
    "A record of the usage stream of which some or all events are not counted. A record of events of several tenants stands under the first of them. `lines` are all the lines in question, `faults` the first twenty.",
  example,
});

export const QuarantinedRecord = z
  .strictObject({
    ...CoreEntry.shape,
    content: z
      .strictObject({
        text: z.string().nullable().meta({ description: "The record; null if it is not UTF-8." }),
        base64: z.string().nullable().meta({ description: "The record's bytes where it is not UTF-8." }),
        truncated: z.boolean().meta({ description: "Whether only the first 64 KiB are shown." }),
      })
      .meta({ description: "What the producer sent." }),
  })
  .meta({
    id: "QuarantinedRecord",
    description: "A record that was set aside, with what it holds.",
    example: {
      ...example,
      content: {
        text: `{"tenant_id":"${tenantIdExample}","metric":"api_calls","value":1,"timestamp":"${instantExample}"}`,
        base64: null,
        truncated: false,
      },
    },
  });
