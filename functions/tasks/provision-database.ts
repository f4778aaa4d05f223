import { task } from "@tenantry/lambda/task";
import { provisionDatabase } from "@tenantry/core/provisioning/provision-database";
import { app } from "./app.ts";
import { databases } from "./planes/database.ts";

export const handler = task("ProvisionDatabase", app, provisionDatabase({ ...app, databases }));
