import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import parseAddresses from "nodemailer/lib/addressparser";
import MailComposer from "nodemailer/lib/mail-composer";
import { parseHeaders } from "./headers.ts";

export type Attachment = {
  readonly name: string;
  readonly content: Buffer;
  readonly type?: string;
  readonly contentId?: string;
};

/** A mail to be composed. Addresses are `name@host` or `Name <name@host>`. */
export type Mail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly replyTo?: readonly string[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attachments?: readonly Attachment[];
};

/** A message that the sender composed, and whom it goes to. */
export type RawMail = { readonly raw: Buffer; readonly to: readonly string[] };

/** A delivered mail, as `GET /_mail` lists it. `to` is everybody it went to, blind copies too. */
export type MailSummary = {
  readonly id: string;
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly date: string;
};

/** Where all mail of the embedded cloud ends: one RFC 5322 file each under `<data>/mail`. */
export interface Mailbox {
  /** Writes the mail to the mailbox and answers its message id, which is also in its Message-ID header. */
  deliver(mail: Mail | RawMail): Promise<string>;
  /** In the order of arrival. */
  list(): Promise<readonly MailSummary[]>;
  /** The message itself; undefined when there is none of this id. */
  read(id: string): Promise<Buffer | undefined>;
}

const ENVELOPE = "X-Envelope-To";
const isNodeError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "code" in error;

const addressesOf = (header: string | undefined): string[] =>
  parseAddresses(header ?? "", { flatten: true }).map(({ address }) => address);

const compose = (mail: Mail, messageId: string): Promise<Buffer> =>
  new MailComposer({
    from: mail.from,
    to: [...mail.to],
    cc: [...(mail.cc ?? [])],
    replyTo: [...(mail.replyTo ?? [])],
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: { ...mail.headers },
    messageId: `<${messageId}@email.amazonses.com>`,
    attachments: (mail.attachments ?? []).map(({ name, content, type, contentId }) => ({
      filename: name,
      content,
      contentType: type,
      cid: contentId,
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();

/** SES replaces a sender's Message-ID, and adds the Date when there is none. */
const adopt = (raw: Buffer, messageId: string): Buffer => {
  const text = raw.toString("latin1").replace(/\r?\n/g, "\r\n");
  const end = text.indexOf("\r\n\r\n");
  const head = (end === -1 ? text : text.slice(0, end)).replace(/^message-id:.*\r?\n(?:[ \t].*\r?\n)*/im, "");
  const date = /^date:/im.test(head) ? "" : `Date: ${new Date().toUTCString().replace("GMT", "+0000")}\r\n`;
  const id = `Message-ID: <${messageId}@email.amazonses.com>\r\n`;
  return Buffer.from(`${id}${date}${head}${end === -1 ? "\r\n\r\n" : text.slice(end)}`, "latin1");
};

const summarise = (id: string, message: Buffer): MailSummary => {
  const headers = parseHeaders(message.toString("utf8"));
  const date = new Date(headers.get("date") ?? "");
  return {
    id,
    to: addressesOf(headers.get(ENVELOPE.toLowerCase()) ?? headers.get("to")),
    from: addressesOf(headers.get("from"))[0] ?? "",
    subject: headers.get("subject") ?? "",
    date: Number.isNaN(date.getTime()) ? "" : date.toISOString(),
  };
};

/** The mailbox of the installation whose state lies in `data`. Any number may be open on one folder. */
export const openMailbox = (data: string): Mailbox => {
  const folder = join(data, "mail");
  const summaries = new Map<string, MailSummary>();
  const read = async (id: string): Promise<Buffer | undefined> => {
    // An id is a file's name and nothing else: no path can be built of it.
    if (!/^[\w-]+$/.test(id)) return undefined;
    try {
      return await readFile(join(folder, `${id}.eml`));
    } catch (error) {
      if (isNodeError(error) && error.code === "ENOENT") return undefined;
      throw error;
    }
  };
  /** Mails of one millisecond are told apart by a number. A link appears whole, and only one writer gets a name. */
  const store = async (message: Buffer): Promise<void> => {
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `.${randomUUID()}`);
    await writeFile(draft, message);
    const time = new Date().toISOString().replace(/[-:.]/g, "");
    for (let n = 1; ; n++) {
      try {
        await link(draft, join(folder, `${time}-${n}.eml`));
        break;
      } catch (error) {
        if (!isNodeError(error) || error.code !== "EEXIST") throw error;
      }
    }
    await unlink(draft);
  };
  return {
    read,
    async deliver(mail) {
      const messageId = randomUUID();
      const message = "raw" in mail ? adopt(mail.raw, messageId) : await compose(mail, messageId);
      const everybody = "raw" in mail ? mail.to : [...mail.to, ...(mail.cc ?? []), ...(mail.bcc ?? [])];
      const envelope = `${ENVELOPE}: ${everybody.flatMap((one) => addressesOf(one)).join(",\r\n ")}\r\n`;
      await store(Buffer.concat([Buffer.from(envelope, "utf8"), message]));
      return messageId;
    },
    async list() {
      const names = await readdir(folder).catch((error: unknown) => {
        if (isNodeError(error) && error.code === "ENOENT") return [];
        throw error;
      });
      const ids = names.filter((name) => name.endsWith(".eml")).map((name) => name.slice(0, -".eml".length));
      const found: MailSummary[] = [];
      for (const id of ids.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
        const message = summaries.has(id) ? undefined : await read(id);
        if (message) summaries.set(id, summarise(id, message));
        const summary = summaries.get(id);
        if (summary) found.push(summary);
      }
      return found;
    },
  };
};
