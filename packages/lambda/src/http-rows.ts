import type { Operation, Row } from "@tenantry/contract/define";
import { Problem } from "@tenantry/core/problem";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { stringify } from "csv-stringify/sync";
import Negotiator from "negotiator";

/** What a table can be given as, besides JSON. */
const writers = {
  "text/csv": (rows: readonly Row[]): string => csv(rows),
  "application/x-ndjson": (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  "application/jsonl": (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
};
type TableType = keyof typeof writers;

const isTable = (type: string): type is TableType => Object.hasOwn(writers, type);

/**
 * The media type that the caller wants of those that the operation can give.
 *
 * @throws Problem `not-acceptable`
 */
export const negotiated = ({ success }: Operation, event: APIGatewayProxyEvent): string => {
  if (success.rows === undefined) return success.contentType;
  const given = [success.contentType, ...Object.keys(writers)];
  const [, accept = []] =
    Object.entries(event.multiValueHeaders ?? {}).find(([name]) => name.toLowerCase() === "accept") ?? [];
  const type = new Negotiator({ headers: accept.length === 0 ? {} : { accept: accept.join(", ") } }).mediaType(given);
  if (type === undefined) throw new Problem("not-acceptable", `This can be had as ${given.join(", ")}.`);
  return type;
};

/** An answer as a table, if that is what was wanted. The page's cursor, which has no place in one, goes into a header. */
export const asTable = (type: string, { success, path }: Operation, body: unknown, event: APIGatewayProxyEvent) => {
  if (success.rows === undefined || !isTable(type)) return null;
  const { next_cursor: cursor } = body as { readonly next_cursor?: string | null };
  return {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      ...(typeof cursor === "string" ? { link: `<${next(event, path, cursor)}>; rel="next"` } : {}),
    },
    body: writers[type](success.rows(body)),
  };
};

/** The same request for the page after, relative to this one (RFC 8288). */
const next = (event: APIGatewayProxyEvent, path: string, cursor: string): string => {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {}))
    for (const value of values ?? []) query.append(name, value);
  query.set("cursor", cursor);
  return `${path.split("/").at(-1)}?${query.toString()}`;
};

/** A text that a spreadsheet would take for a formula is quoted as spreadsheets do. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** RFC 4180. Each dimension has a column of its own, in rows that lack it an empty one. */
const csv = (rows: readonly Row[]): string => {
  const flat = rows.map(({ dimensions, ...rest }) => ({
    ...rest,
    ...Object.fromEntries(
      Object.entries(dimensions ?? {}).map(([name, value]) => [`dimension_${name}`, harmless(value)]),
    ),
  }));
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  const cast = { boolean: (value: boolean) => String(value) };
  return stringify(flat, { header: true, columns, record_delimiter: "windows", cast });
};
