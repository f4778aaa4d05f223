import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import type { Mailer } from "@tenantry/core/provisioning/ports";

/** Sends by an SES template from a verified address. */
export const sesMailer = (
  { sender, template }: { readonly sender: string; readonly template: string },
  client = new SESv2Client({}),
): Mailer => ({
  async send({ to, values }, tags) {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: sender,
        Destination: { ToAddresses: [to] },
        Content: { Template: { TemplateName: template, TemplateData: JSON.stringify(values) } },
        EmailTags: Object.entries(tags).map(([Name, Value]) => ({ Name, Value })),
      }),
    );
  },
});
