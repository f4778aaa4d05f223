import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { httpRoutes } from "@tenantry/lambda/http-routes";
import { of, own, sso } from "./sso-app.ts";

const { getSso, getTenantSso } = operations;

export const handler = httpRoutes(
  [getSso, http(getSso, async ({ ctx }) => ({ body: await sso.get(ctx, own(ctx)) }))],
  [getTenantSso, http(getTenantSso, async ({ ctx, params }) => ({ body: await sso.get(ctx, of(params)) }))],
);
