import parseAddresses from "nodemailer/lib/addressparser";
import { AwsError } from "../../gateway/service.ts";
import type { Collection } from "../../store.ts";
import { type Input, isRecord, optionalText, record, records, text, texts } from "../input.ts";
import { parseHeaders } from "./headers.ts";
import { type Identity, requireIdentity } from "./identities.ts";
import type { Attachment, Mail, Mailbox } from "./mailbox.ts";
import { findTemplate, render, type Template, templateOf } from "./templates.ts";

const badRequest = (message: string): AwsError => new AwsError("BadRequestException", message);
const MAX_RECIPIENTS = 50;

/** The bare address of `Name <name@host>`. */
const address = (value: string): string => {
  const [found] = parseAddresses(value, { flatten: true });
  if (!found || !/^[^\s@<>"]+@[^\s@<>"]+$/.test(found.address) || /[\r\n]/.test(value))
    throw badRequest(`Invalid address: ${JSON.stringify(value)}`);
  return found.address;
};

const data = (body: Input, name: string): string | undefined =>
  isRecord(body[name]) ? text(body[name], "Data") : undefined;

const attachments = (message: Input): readonly Attachment[] =>
  records(message, "Attachments").map((one) => {
    const type = optionalText(one, "ContentType");
    const contentId = optionalText(one, "ContentId");
    return {
      name: text(one, "FileName"),
      content: Buffer.from(text(one, "RawContent"), "base64"),
      ...(type === undefined ? {} : { type }),
      ...(contentId === undefined ? {} : { contentId }),
    };
  });

/** What the sender wrote: subject, bodies, headers of its own, attachments. */
type Written = Pick<Mail, "subject" | "text" | "html" | "headers" | "attachments">;

const extras = (message: Input): Pick<Mail, "headers" | "attachments"> => ({
  headers: Object.fromEntries(records(message, "Headers").map((one) => [text(one, "Name"), text(one, "Value")])),
  attachments: attachments(message),
});

const simple = (message: Input): Written => {
  const body = record(message, "Body");
  const plain = data(body, "Text");
  const html = data(body, "Html");
  if (plain === undefined && html === undefined) throw badRequest("A mail needs a text or an HTML body.");
  return {
    subject: data(message, "Subject") ?? "",
    ...(plain === undefined ? {} : { text: plain }),
    ...(html === undefined ? {} : { html }),
    ...extras(message),
  };
};

const templated = (templates: Collection<Template>, source: Input): Written => {
  const name = optionalText(source, "TemplateName") ?? optionalText(source, "TemplateArn")?.split("/").at(-1);
  const template = name === undefined ? templateOf(record(source, "TemplateContent")) : findTemplate(templates, name);
  return { ...render(template, optionalText(source, "TemplateData")), ...extras(source) };
};

/** SES v2's SendEmail: what it accepts is in the mailbox when it answers. */
export const sendEmail =
  (parts: {
    readonly region: string;
    readonly mailbox: Mailbox;
    readonly identities: Collection<Identity>;
    readonly templates: Collection<Template>;
  }) =>
  async (input: Input): Promise<{ MessageId: string }> => {
    const content = record(input, "Content");
    const destination = record(input, "Destination");
    const to = texts(destination, "ToAddresses");
    const cc = texts(destination, "CcAddresses");
    const bcc = texts(destination, "BccAddresses");
    const raw = isRecord(content["Raw"]) ? Buffer.from(text(content["Raw"], "Data"), "base64") : undefined;
    const headers = raw ? parseHeaders(raw.toString("utf8")) : new Map<string, string>();
    const from = optionalText(input, "FromEmailAddress") ?? headers.get("from");
    if (from === undefined) throw badRequest("Missing required parameter: FromEmailAddress");
    requireIdentity(parts.identities, address(from), parts.region);

    const named = [...to, ...cc, ...bcc];
    const written = ["to", "cc", "bcc"].flatMap((name) => parseAddresses(headers.get(name) ?? "", { flatten: true }));
    const everybody = (named.length > 0 ? named : written.map((one) => one.address)).map(address);
    if (everybody.length === 0) throw badRequest("A mail needs at least one recipient.");
    if (everybody.length > MAX_RECIPIENTS) throw badRequest(`Recipient count exceeds ${MAX_RECIPIENTS}.`);

    if (raw) return { MessageId: await parts.mailbox.deliver({ raw, to: everybody }) };
    const body = isRecord(content["Simple"])
      ? simple(content["Simple"])
      : templated(parts.templates, record(content, "Template"));
    const replyTo = texts(input, "ReplyToAddresses");
    for (const one of replyTo) address(one);
    return { MessageId: await parts.mailbox.deliver({ from, to, cc, bcc, replyTo, ...body }) };
  };
