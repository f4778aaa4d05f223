import { AwsError } from "../../gateway/service.ts";
import type { RestRoute } from "../../protocols/rest.ts";
import type { Collection } from "../../store.ts";
import { type Input, isRecord, optionalText, page, record, text } from "../input.ts";

/** A stored template, or one that came with the mail. */
export type Template = {
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
};

export const templateOf = (content: Input, createdAt = Date.now() / 1000): Template => {
  const plain = optionalText(content, "Text");
  const html = optionalText(content, "Html");
  return {
    subject: optionalText(content, "Subject") ?? "",
    ...(plain === undefined ? {} : { text: plain }),
    ...(html === undefined ? {} : { html }),
    createdAt,
  };
};

const badRequest = (message: string): AwsError => new AwsError("BadRequestException", message);

const lookUp = (data: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), data);

/**
 * Replaces `{{name}}` and `{{name.inner}}`; as SES, without escaping HTML. SES accepts a mail whose data lacks a name
 * and then never sends it; here the call fails, and so it does for Handlebars' blocks, which are not rendered.
 */
const fill = (source: string, data: unknown): string =>
  source.replace(/\{\{\s*([^{}]*?)\s*\}\}/g, (_, path: string) => {
    if (!/^[\w.-]+$/.test(path)) throw badRequest(`The embedded cloud does not render {{${path}}} in a template.`);
    const value = lookUp(data, path) as object | string | number | boolean | null | undefined;
    if (value === undefined || value === null)
      throw badRequest(`Attribute '${path}' is not present in the rendering data.`);
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });

/** The template with the values of `TemplateData`, a JSON object. */
export const render = (template: Template, templateData: string | undefined): Omit<Template, "createdAt"> => {
  let data: unknown;
  try {
    data = JSON.parse(templateData ?? "{}");
  } catch {
    throw badRequest("The template data is not valid JSON.");
  }
  return {
    subject: fill(template.subject, data),
    ...(template.text === undefined ? {} : { text: fill(template.text, data) }),
    ...(template.html === undefined ? {} : { html: fill(template.html, data) }),
  };
};

/** @throws AwsError NotFoundException */
export const findTemplate = (templates: Collection<Template>, name: string): Template => {
  const template = templates.get(name);
  if (!template) throw new AwsError("NotFoundException", `Template ${name} does not exist.`, 404);
  return template;
};

const content = (template: Omit<Template, "createdAt">): unknown => ({
  Subject: template.subject,
  Text: template.text,
  Html: template.html,
});

/** SES v2's actions on templates. */
export const templateRoutes = (templates: Collection<Template>): Readonly<Record<string, RestRoute>> => ({
  "POST /v2/email/templates": {
    action: "CreateEmailTemplate",
    handle(input: Input) {
      const name = text(input, "TemplateName");
      if (templates.get(name)) throw new AwsError("AlreadyExistsException", `Template ${name} already exists.`);
      templates.put(name, templateOf(record(input, "TemplateContent")));
    },
  },
  "GET /v2/email/templates": {
    action: "ListEmailTemplates",
    handle(_, __, { url }) {
      const size = Number(url.searchParams.get("PageSize") ?? 10);
      const { items, next } = page(
        templates.list(),
        ({ key }) => key,
        size,
        url.searchParams.get("NextToken") ?? undefined,
      );
      return {
        TemplatesMetadata: items.map(({ key, value }) => ({ TemplateName: key, CreatedTimestamp: value.createdAt })),
        NextToken: next,
      };
    },
  },
  "GET /v2/email/templates/{name}": {
    action: "GetEmailTemplate",
    handle: (_, { name = "" }) => ({ TemplateName: name, TemplateContent: content(findTemplate(templates, name)) }),
  },
  "PUT /v2/email/templates/{name}": {
    action: "UpdateEmailTemplate",
    handle(input: Input, { name = "" }) {
      templates.put(name, templateOf(record(input, "TemplateContent"), findTemplate(templates, name).createdAt));
    },
  },
  "DELETE /v2/email/templates/{name}": {
    action: "DeleteEmailTemplate",
    handle(_, { name = "" }) {
      findTemplate(templates, name);
      templates.delete(name);
    },
  },
});
