import type { Host } from "../part.ts";
import type { Api } from "./model.ts";
import { atPath } from "./responses.ts";

/** Where a stage logs its requests, and how. */
export type AccessLog = { readonly group: string; readonly format: string };

/** `arn:aws:logs:…:log-group:<name>`, with or without `:*` behind it. */
const groupOf = (arn: string): string | undefined => /:log-group:(.+?)(?::\*)?$/.exec(arn)?.[1];

/**
 * A stage's access log, or null when it has none.
 * @throws Error for a destination that is no log group.
 */
export const readAccessLog = (stage: Readonly<Record<string, unknown>>): AccessLog | null => {
  const settings = stage["accessLogSettings"] as { destinationArn?: unknown; format?: unknown } | null | undefined;
  if (settings === null || settings === undefined) return null;
  const group = groupOf(String(settings.destinationArn));
  if (group === undefined) throw new Error(`The embedded cloud logs requests to log groups only.`);
  return { group, format: String(settings.format) };
};

/** One line of the access log: what is not known is a dash, and values stand as they are, as on AWS. */
export const accessLine = (format: string, context: Readonly<Record<string, unknown>>): string =>
  format.replace(/\$context\.([\w-]+(?:\.[\w-]+)*)/g, (_, name: string) => {
    const value = atPath(context, name);
    if (value === undefined || value === null || value === "") return "-";
    return typeof value === "string" ? value : JSON.stringify(value);
  });

/** Writes a request into the log once it has been answered. Nobody waits for it. */
export const logAccess = (host: Host, api: Api, context: Readonly<Record<string, unknown>>): void => {
  if (api.accessLog === null) return;
  const { group, format } = api.accessLog;
  const logEvents = [{ timestamp: Date.now(), message: accessLine(format, context) }];
  host
    .call("logs", "PutLogEvents", { logGroupName: group, logStreamName: api.id, logEvents })
    .catch((error: unknown) => host.log(`api: the access log could not be written: ${String(error)}`));
};
