import { task } from "@tenantry/lambda/task";
import { releaseStorage } from "@tenantry/core/provisioning/release-storage";
import { app } from "./app.ts";
import { storage } from "./planes/storage.ts";

export const handler = task("ReleaseStorage", app, releaseStorage({ ...app, storage }));
