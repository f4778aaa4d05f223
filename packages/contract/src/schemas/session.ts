import { Session as CoreSession } from "@tenantry/core/session/session";
import { Instant } from "@tenantry/core/time";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

export const sessionIdExample = "5f0c8f4e-31d5-4a0e-9d0c-0f6f6c1b7a52";

export const Session = z
  .strictObject({
    ...CoreSession.shape,
    impersonation: z
      .strictObject({
        impersonation_id: z.string(),
        user_id: z.string().meta({ description: "For whom you act." }),
        reason: z.string().meta({ description: "As you gave it." }),
        ends_at: Instant.meta({ description: "From then on its tokens are refused." }),
      })
      .nullable()
      .meta({ description: "Of a sign-in by which staff act for a user of `org_id`; null for all others." }),
    idle_at: z.string().meta({ description: "When the session ends if nothing is asked until then." }),
    current: z.boolean().meta({ description: "Whether this request is of it." }),
  })
  .meta({
    id: "Session",
    description: "One sign-in, over all refreshes of its tokens.",
    example: {
      id: sessionIdExample,
      org_id: tenantIdExample,
      started_at: instantExample,
      last_seen_at: instantExample,
      source_ip: "203.0.113.7",
      user_agent: "Mozilla/5.0",
      impersonation: null,
      idle_at: "2026-11-20T14:45:12.123Z",
      current: true,
    },
  });

export const SwitchBody = z
  .strictObject({
    org_id: z
      .string()
      .min(1)
      .max(128)
      .meta({ description: "An organisation that you are a member of.", example: tenantIdExample }),
  })
  .meta({
    id: "SwitchOrganization",
    description: "For whom to act.",
    example: { org_id: tenantIdExample },
  });
