import { CreateEmailIdentityCommand, CreateEmailTemplateCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { email } from "@tenantry/local-cloud/services/email/part";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sesMailer } from "./mail.ts";

/** The roles are those of the tasks, so that an action too few shows here. */
const graph = graphOf(
  roleOf("mail", [
    {
      Effect: "Allow",
      Action: "ses:SendEmail",
      Resource: [
        "arn:aws:ses:us-east-1:123456789012:identity/example.com",
        "arn:aws:ses:us-east-1:123456789012:template/welcome",
      ],
    },
  ]),
);

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud([email]);
  await cloud.apply(graph);
});
afterAll(() => cloud.close());

const mailsTo = async (address: string): Promise<{ id: string; subject: string }[]> => {
  const response = await fetch(`${cloud.host.endpoint}/_mail`);
  const body = (await response.json()) as { id: string; subject: string; to: string[] }[] | { mails: never[] };
  return (Array.isArray(body) ? body : body.mails).filter((mail) => mail.to.includes(address));
};

describe("mail", () => {
  test("reaches the mailbox as the template says, in any alphabet", async () => {
    const ses = new SESv2Client(cloud.client());
    await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: "example.com" }));
    const TemplateContent = { Subject: "{{name}} is ready", Text: "{{name}} ✓", Html: "<p>{{name_html}} ✓</p>" };
    await ses.send(new CreateEmailTemplateCommand({ TemplateName: "welcome", TemplateContent }));
    const settings = { sender: "hello@example.com", template: "welcome" };
    const mailer = sesMailer(settings, new SESv2Client(cloud.client("mail")));
    const values = { name: "Grüße & 日本", name_html: "Grüße &amp; 日本" };
    await mailer.send({ to: "joerg@acme.example", values }, { tenant_id: "ten_A", operation_id: "op_B" });
    const [got] = await mailsTo("joerg@acme.example");
    expect(got?.subject).toBe("Grüße & 日本 is ready");
    const source = await (await fetch(`${cloud.host.endpoint}/_mail/${got?.id}`)).text();
    expect(source).toMatch(/^Content-Type: multipart\/alternative/m);
    const parts = source.split(/^Content-Transfer-Encoding: /m).slice(1);
    expect(parts).toHaveLength(2);
  });
});
