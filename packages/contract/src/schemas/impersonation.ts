import { longestImpersonationMinutes } from "@tenantry/core/access/impersonation";
import { Impersonation as CoreImpersonation } from "@tenantry/core/impersonation/impersonation";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";
import { userIdExample } from "./user.ts";

export const impersonationIdExample = "imp_01JD5V8Q9C3E5G7J9M1P3R5T7V";

const example = {
  id: impersonationIdExample,
  tenant_id: tenantIdExample,
  user_id: userIdExample,
  impersonator: { id: "9f1c2d3e-0000-4000-8000-000000000000", email: "support@platform.example" },
  reason: "Ticket 4711: the invoice page stays empty",
  started_at: instantExample,
  ends_at: "2026-11-20T14:15:12.123Z",
  ended_at: null,
};

export const Impersonation = CoreImpersonation.meta({
  id: "Impersonation",
  description: "A member of the platform's staff acts for a user of a tenant, for a while and for a reason.",
  example,
});

export const StartedImpersonation = z
  .strictObject({
    ...CoreImpersonation.shape,
    client_id: z.string().meta({ description: "The Cognito app client to sign in through." }),
  })
  .meta({
    id: "StartedImpersonation",
    description: "An impersonation, and the client through which to sign in for its token.",
    example: { ...example, client_id: "3n4b5urk1ft4fl3mg5e62d9ado" },
  });

export const StartImpersonationBody = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(3)
      .max(200)
      .regex(/^[^\p{Cc}]*$/u, "must have no control characters")
      .meta({ description: "Why, for the tenant to read." }),
    minutes: z
      .int()
      .min(1)
      .max(longestImpersonationMinutes)
      .default(longestImpersonationMinutes)
      .meta({ description: "How long at most." }),
  })
  .meta({
    id: "StartImpersonation",
    description: "Why to act for the user, and for how long.",
    example: { reason: example.reason, minutes: 15 },
  });
