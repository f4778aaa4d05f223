import { task } from "@tenantry/lambda/task";
import { releaseNamespace } from "@tenantry/core/provisioning/release-namespace";
import { app } from "./app.ts";
import { cluster } from "./planes/namespace.ts";

export const handler = task("ReleaseNamespace", app, releaseNamespace({ ...app, cluster }));
