import { task } from "@tenantry/lambda/task";
import { releaseIdentity } from "@tenantry/core/provisioning/release-identity";
import { app } from "./app.ts";
import { issuers, usageKeys, users } from "./planes/identity.ts";

export const handler = task("ReleaseIdentity", app, releaseIdentity({ ...app, users, issuers, usageKeys }));
