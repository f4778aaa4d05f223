import { task } from "@tenantry/lambda/task";
import { activateTenant } from "@tenantry/core/provisioning/activate-tenant";
import { app } from "./app.ts";

export const handler = task("ActivateTenant", app, activateTenant(app));
