import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { sesMailer } from "@tenantry/aws/mail";
import { dynamoNotices } from "@tenantry/aws/notices";

export const mailer = sesMailer({ sender: setting("MAIL_SENDER"), template: setting("MAIL_TEMPLATE") });
export const notices = dynamoNotices(documents(), setting("CONTROL_TABLE"));
