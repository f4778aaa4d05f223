import { task } from "@tenantry/lambda/task";
import { validateTenant } from "@tenantry/core/provisioning/validate-tenant";
import { app } from "./app.ts";

export const handler = task("ValidateTenant", app, validateTenant(app));
