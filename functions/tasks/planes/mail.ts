import { setting } from "@tenantry/aws/config";
import { sesMailer } from "@tenantry/aws/mail";

export const mailer = sesMailer(setting("MAIL_SENDER"));
