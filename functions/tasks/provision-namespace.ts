import { task } from "@tenantry/lambda/task";
import { provisionNamespace } from "@tenantry/core/provisioning/provision-namespace";
import { app } from "./app.ts";
import { cluster } from "./planes/namespace.ts";

export const handler = task("ProvisionNamespace", app, provisionNamespace({ ...app, cluster }));
