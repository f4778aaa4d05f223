import { task } from "@tenantry/lambda/task";
import { releaseDatabase } from "@tenantry/core/provisioning/release-database";
import { app } from "./app.ts";
import { databases } from "./planes/database.ts";

export const handler = task("ReleaseDatabase", app, releaseDatabase({ ...app, databases }));
