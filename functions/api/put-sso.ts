import { ssoOperations } from "@tenantry/contract/sso-operations";
import { http } from "@tenantry/lambda/http";
import { httpRoutes } from "@tenantry/lambda/http-routes";
import { bound } from "./admit.ts";
import { of, own, sso } from "./sso-app.ts";

const { deleteSso, deleteTenantSso, putSso, putTenantSso } = ssoOperations;

export const handler = httpRoutes(
  [putSso, bound(putSso, async ({ ctx, body }) => ({ body: await sso.put(ctx, own(ctx), body) }))],
  [deleteSso, http(deleteSso, async ({ ctx }) => ({ body: await sso.delete(ctx, own(ctx)) }))],
  [
    putTenantSso,
    bound(putTenantSso, async ({ ctx, params, body }) => ({ body: await sso.put(ctx, of(params), body) })),
  ],
  [deleteTenantSso, http(deleteTenantSso, async ({ ctx, params }) => ({ body: await sso.delete(ctx, of(params)) }))],
);
