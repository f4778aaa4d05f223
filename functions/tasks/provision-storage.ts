import { task } from "@tenantry/lambda/task";
import { provisionStorage } from "@tenantry/core/provisioning/provision-storage";
import { app } from "./app.ts";
import { storage } from "./planes/storage.ts";

export const handler = task("ProvisionStorage", app, provisionStorage({ ...app, storage }));
