import { task } from "@tenantry/lambda/task";
import { notifyOwner } from "@tenantry/core/provisioning/notify-owner";
import { app } from "./app.ts";
import { mailer, notices } from "./planes/mail.ts";

export const handler = task("NotifyOwner", app, notifyOwner({ ...app, mailer, notices }));
