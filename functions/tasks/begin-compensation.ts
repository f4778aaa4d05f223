import { task } from "@tenantry/lambda/task";
import { beginCompensation } from "@tenantry/core/provisioning/begin-compensation";
import { app } from "./app.ts";

export const handler = task("BeginCompensation", app, beginCompensation(app));
