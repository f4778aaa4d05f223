import { optionalSetting, setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { cognitoSso } from "@tenantry/aws/identity-providers";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoSso } from "@tenantry/aws/sso-store";
import { webhookReceivers } from "@tenantry/aws/webhook-receivers";
import { ownTenant } from "@tenantry/core/access/authorise";
import type { Context } from "@tenantry/core/context";
import { deleteSso } from "@tenantry/core/sso/delete";
import { getSso } from "@tenantry/core/sso/get";
import { putSso } from "@tenantry/core/sso/put";

const [database, table] = [documents(), setting("CONTROL_TABLE")];
const allowed = optionalSetting("SSO_ALLOWED_HOSTS")?.split(",") ?? [];

const ports = {
  registry: dynamoRegistry(database, table),
  providers: cognitoSso(),
  // What may be told of events may be asked for users: both are addresses that others name.
  issuers: webhookReceivers({ allowed }),
  store: dynamoSso(database, table),
  clock: () => new Date(),
  newId,
};

/** The composition root of single sign-on. */
export const sso = { get: getSso(ports), put: putSso(ports), delete: deleteSso(ports) };

/** Whose single sign-on: the caller's own tenant's, or that of the one that the path names. */
export const own = (ctx: Context) => ({ tenantId: ownTenant(ctx) });
export const of = (params: { readonly tenant_id: string }) => ({ tenantId: params.tenant_id });
