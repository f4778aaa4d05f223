import { task } from "@tenantry/lambda/task";
import { provisionIdentity } from "@tenantry/core/provisioning/provision-identity";
import { app } from "./app.ts";
import { issuers, usageKeys, users } from "./planes/identity.ts";

export const handler = task("ProvisionIdentity", app, provisionIdentity({ ...app, users, issuers, usageKeys }));
