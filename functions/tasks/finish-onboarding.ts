import { task } from "@tenantry/lambda/task";
import { finishOnboarding } from "@tenantry/core/provisioning/finish-onboarding";
import { app } from "./app.ts";

export const handler = task("FinishOnboarding", app, finishOnboarding(app));
