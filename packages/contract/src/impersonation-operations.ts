import { z } from "zod";
import { define, none } from "./define.ts";
import { pageOf, pageQuery, pathId, tenantIdExample } from "./schemas/common.ts";
import {
  Impersonation,
  impersonationIdExample,
  StartedImpersonation,
  StartImpersonationBody,
} from "./schemas/impersonation.ts";
import { userIdExample } from "./schemas/user.ts";

const tenant_id = pathId("The tenant's id.", tenantIdExample);
const common = { tag: "Users", query: none, body: null } as const;
const answer = <const T extends z.ZodType>(description: string, body: T) =>
  ({ status: 200, description, contentType: "application/json", body }) as const;

/** The operations on impersonations: staff act for a tenant's user. */
export const impersonationOperations = {
  startImpersonation: define("startImpersonation", {
    ...common,
    summary: "Act for a user",
    description:
      "Lets you act for a user of a tenant, with what both of you may do, for half an hour at most. Sign in through the client in `client_id`: that token acts for the user, cannot be refreshed, and names you in its claim `impersonator`. The tenant reads in its audit trail who acts for whom and why, and what was done.",
    params: z.strictObject({ tenant_id, user_id: pathId("The user's id.", userIdExample) }),
    body: StartImpersonationBody,
    success: { ...answer("You may act for the user.", StartedImpersonation), status: 201 },
    problems: ["tenant-not-found", "user-not-found", "state-conflict"],
  }),
  listImpersonations: define("listImpersonations", {
    ...common,
    summary: "List impersonations",
    description: "Who of the staff acted for users of the tenant in the last weeks, the newest first, page by page.",
    params: z.strictObject({ tenant_id }),
    query: z.strictObject(pageQuery),
    success: answer("A page of impersonations.", pageOf(Impersonation)),
    problems: ["tenant-not-found", "invalid-cursor"],
  }),
  endImpersonation: define("endImpersonation", {
    ...common,
    summary: "End an impersonation",
    description: "Ends it before its time, whoever began it. Its tokens are refused within half a minute.",
    params: z.strictObject({
      tenant_id,
      impersonation_id: pathId("The impersonation's id.", impersonationIdExample),
    }),
    success: answer("The impersonation is over.", Impersonation),
    problems: ["tenant-not-found", "impersonation-not-found", "state-conflict"],
  }),
} as const;
