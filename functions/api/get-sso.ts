import { ssoOperations } from "@tenantry/contract/sso-operations";
import { httpRoutes } from "@tenantry/lambda/http-routes";
import { bound } from "./admit.ts";
import { of, own, sso } from "./sso-app.ts";

const { getSso, getTenantSso } = ssoOperations;

export const handler = httpRoutes(
  [getSso, bound(getSso, async ({ ctx }) => ({ body: await sso.get(ctx, own(ctx)) }))],
  [getTenantSso, bound(getTenantSso, async ({ ctx, params }) => ({ body: await sso.get(ctx, of(params)) }))],
);
