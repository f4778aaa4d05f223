import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CreateEmailTemplateCommand,
  GetEmailTemplateCommand,
  ListEmailTemplatesCommand,
  SendEmailCommand,
  type SendEmailCommandInput,
  SendBulkEmailCommand,
  SESv2Client,
  UpdateEmailTemplateCommand,
} from "@aws-sdk/client-sesv2";
import { testGraph } from "../testing/host.ts";
import { startParts } from "../testing/parts.ts";
import type { MailSummary } from "./mailbox.ts";
import { email } from "./part.ts";

const SENDER = "Tenantry <hello@tenantry.test>";

const start = async () => {
  const cloud = await startParts([email]);
  await cloud.parts[0]?.apply?.(
    testGraph([
      {
        type: "aws:sesv2/emailIdentity:EmailIdentity",
        name: "Mail",
        outputs: { emailIdentity: "hello@tenantry.test" },
      },
      { type: "aws:sesv2/emailIdentity:EmailIdentity", name: "Domain", outputs: { emailIdentity: "example.org" } },
      {
        type: "aws:ses/template:Template",
        name: "Welcome",
        outputs: {
          name: "welcome",
          subject: "Welcome, {{tenant}}",
          text: "{{owner.email}}",
          html: "<b>{{ tenant }}</b>",
        },
      },
    ]),
  );
  return cloud;
};

let cloud: Awaited<ReturnType<typeof start>>;
let sdk: SESv2Client;
beforeAll(async () => {
  cloud = await start();
  sdk = new SESv2Client(cloud.client);
});
afterAll(() => cloud.close());

const get = (path: string) => fetch(`${cloud.client.endpoint}${path}`);
const mails = async (to?: string) =>
  (await (await get(to === undefined ? "/_mail" : `/_mail?to=${encodeURIComponent(to)}`)).json()) as MailSummary[];
const send = (ToAddresses: string[], Content: SendEmailCommandInput["Content"], more: object = {}) =>
  sdk.send(new SendEmailCommand({ FromEmailAddress: SENDER, Destination: { ToAddresses }, Content, ...more }));
const simple = (Subject = "Hello", text = "text") => ({
  Simple: { Subject: { Data: Subject }, Body: { Text: { Data: text }, Html: { Data: "<p>html</p>" } } },
});
const raw = async (to: string) => (await get(`/_mail/${(await mails(to))[0]?.id}`)).text();
const failure = async (call: Promise<unknown>) =>
  call.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );

describe("a mail", () => {
  test("with text and HTML is a file of the mailbox and in its list", async () => {
    const { MessageId } = await send(
      ["Ann <ann@example.com>"],
      simple("Grüße, 世界 — a subject that is long enough to be folded"),
      {
        ReplyToAddresses: ["reply@tenantry.test"],
      },
    );
    const [mail] = await mails("ANN@example.com");
    expect(mail).toMatchObject({
      from: "hello@tenantry.test",
      to: ["ann@example.com"],
      subject: "Grüße, 世界 — a subject that is long enough to be folded",
    });
    expect(Math.abs(Date.parse(mail?.date ?? "") - Date.now())).toBeLessThan(60_000);
    const response = await get(`/_mail/${mail?.id}`);
    expect(response.headers.get("content-type")).toBe("message/rfc822");
    const message = await response.text();
    expect(message).toContain(`Message-ID: <${MessageId}@email.amazonses.com>`);
    expect(message).toMatch(/^Content-Type: multipart\/alternative;/m);
    expect(message).toMatch(/^Reply-To: reply@tenantry\.test/m);
    expect(await readdir(join(cloud.data, "mail"))).toContain(`${mail?.id}.eml`);
  });

  test("goes to blind copies without naming them in its own headers", async () => {
    await sdk.send(
      new SendEmailCommand({
        FromEmailAddress: SENDER,
        Destination: { ToAddresses: ["open@example.com"], BccAddresses: ["blind@example.com"] },
        Content: simple(),
      }),
    );
    const message = await raw("blind@example.com");
    expect(message.replace(/^X-Envelope-To: .*\r\n(?: .*\r\n)*/, "")).not.toContain("blind@example.com");
  });

  test("that is raw is kept as it was written, under SES's own id", async () => {
    const Data = Buffer.from(
      "From: hello@tenantry.test\nTo: bea@example.com\nMessage-ID: <own>\nSubject: Raw\n\nBody: Grüße\n",
    );
    const { MessageId } = await sdk.send(new SendEmailCommand({ Content: { Raw: { Data } } }));
    const message = await raw("bea@example.com");
    expect(message).toContain("\r\n\r\nBody: Grüße\r\n");
    expect(message).toContain(`Message-ID: <${MessageId}@email.amazonses.com>`);
    expect(message).not.toContain("<own>");
  });

  test("from who is no identity is rejected; from an identity's domain it is not", async () => {
    const from = (FromEmailAddress: string) => failure(send(["x@example.com"], simple(), { FromEmailAddress }));
    expect(await from("other@tenantry.test")).toBe(
      "MessageRejected: Email address is not verified. The following identities failed the check in region US-EAST-1: other@tenantry.test",
    );
    expect(await from("hello@tenantry.test.evil.example")).toMatch(/^MessageRejected/);
    expect(await from("evil-example.org@example.net")).toMatch(/^MessageRejected/);
    expect(await from("Anybody@Mail.Example.ORG")).toBe("nothing was thrown");
  });

  test.for([
    ["no recipient", [], /^BadRequestException/],
    ["an address that is none", ["nobody"], /^BadRequestException/],
    ["a header in an address", ["a@example.com\r\nBcc: b@example.com"], /^BadRequestException/],
    ["too many recipients", Array.from({ length: 51 }, (_, n) => `u${n}@example.com`), /^BadRequestException/],
  ] as const)("with %s is refused", async ([, to, message]) => {
    const before = (await mails()).length;
    expect(await failure(send([...to], simple()))).toMatch(message);
    expect(await mails()).toHaveLength(before);
  });

  test("cannot add headers by its subject", async () => {
    await send(["cat@example.com"], simple("Hi\r\nBcc: victim@example.com"));
    expect(await raw("cat@example.com")).not.toMatch(/^Bcc:/m);
  });

  test("at once with many others has a file of its own", async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => send(["many@example.com"], simple(`Mail ${n}`))));
    const found = await mails("many@example.com");
    expect(new Set(found.map(({ subject }) => subject)).size).toBe(40);
  });
});

describe("a template", () => {
  const TemplateContent = { Subject: "Hi {{name}}", Text: "Dear {{name}}, {{left}} left", Html: "<i>{{name}}</i>" };

  test("of the stack is filled with the data", async () => {
    const TemplateData = JSON.stringify({ tenant: "Acme & Sons", owner: { email: "o@acme.test" } });
    await send(["dot@example.com"], { Template: { TemplateName: "welcome", TemplateData } });
    expect((await mails("dot@example.com"))[0]?.subject).toBe("Welcome, Acme & Sons");
    const message = await raw("dot@example.com");
    expect(message).toContain("<b>Acme & Sons</b>");
    expect(message).toContain("o@acme.test");
  });

  test("is created, read, listed and changed", async () => {
    const create = () => sdk.send(new CreateEmailTemplateCommand({ TemplateName: "made", TemplateContent }));
    await create();
    expect(await failure(create())).toMatch(/^AlreadyExistsException/);
    expect((await sdk.send(new GetEmailTemplateCommand({ TemplateName: "made" }))).TemplateContent).toEqual(
      TemplateContent,
    );
    const changed = { ...TemplateContent, Subject: "Bye {{name}}" };
    await sdk.send(new UpdateEmailTemplateCommand({ TemplateName: "made", TemplateContent: changed }));
    const { TemplatesMetadata } = await sdk.send(new ListEmailTemplatesCommand({}));
    expect(TemplatesMetadata?.map(({ TemplateName }) => TemplateName)).toEqual(["made", "welcome"]);
    await send(["eve@example.com"], { Template: { TemplateName: "made", TemplateData: '{"name":"Eve","left":0}' } });
    expect((await mails("eve@example.com"))[0]?.subject).toBe("Bye Eve");
    expect(await raw("eve@example.com")).toContain("Dear Eve, 0 left");
  });

  test("that is missing, or whose data is, sends nothing", async () => {
    const before = (await mails()).length;
    const using = (Template: object) => failure(send(["fin@example.com"], { Template }));
    expect(await using({ TemplateName: "none", TemplateData: "{}" })).toMatch(/^NotFoundException/);
    expect(await using({ TemplateName: "welcome", TemplateData: "{}" })).toBe(
      "BadRequestException: Attribute 'tenant' is not present in the rendering data.",
    );
    expect(await using({ TemplateName: "welcome", TemplateData: "{" })).toMatch(/^BadRequestException/);
    expect(await mails()).toHaveLength(before);
  });
});

test("the mailbox gives out mails only, and what SES cannot do here is named", async () => {
  expect((await get("/_mail/none")).status).toBe(404);
  expect((await get("/_mail/..%2Fstore.sqlite")).status).toBe(404);
  const bulk = new SendBulkEmailCommand({ DefaultContent: {}, BulkEmailEntries: [] });
  expect(await failure(sdk.send(bulk))).toMatch(/^NotImplemented/);
});
