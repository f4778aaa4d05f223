import { task } from "@tenantry/lambda/task";
import { failOnboarding } from "@tenantry/core/provisioning/fail-onboarding";
import { app } from "./app.ts";

export const handler = task("FailOnboarding", app, failOnboarding(app));
