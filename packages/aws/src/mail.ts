import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import type { Mailer } from "@tenantry/core/provisioning/ports";

/** Sends by SES from a verified address. */
export const sesMailer = (sender: string, client = new SESv2Client({})): Mailer => ({
  async send(mail, tags) {
    const utf8 = (Data: string) => ({ Data, Charset: "UTF-8" });
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: sender,
        Destination: { ToAddresses: [mail.to] },
        Content: {
          Simple: { Subject: utf8(mail.subject), Body: { Text: utf8(mail.text), Html: utf8(mail.html) } },
        },
        EmailTags: Object.entries(tags).map(([Name, Value]) => ({ Name, Value })),
      }),
    );
  },
});
