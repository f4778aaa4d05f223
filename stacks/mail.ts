import { welcomeTemplate } from "@tenantry/core/provisioning/welcome-template";
import { mailSender } from "./settings";

/** The identity that SES sends as. For a domain, SST also makes the DNS records when the zone is on Route 53. */
export const mail = new sst.aws.Email("Mail", { sender: mailSender });

/** What owners are welcomed with. */
export const welcomeMail = new aws.ses.Template("WelcomeMail", {
  name: `${$app.name}-${$app.stage}-welcome`,
  ...welcomeTemplate,
});
