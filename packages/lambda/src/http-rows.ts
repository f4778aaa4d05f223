import type { Operation, Row } from "@tenantry/contract/define";
import { harmless } from "@tenantry/contract/harmless";
import { Problem } from "@tenantry/core/problem";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { stringify } from "csv-stringify/sync";
import Negotiator from "negotiator";

type Tables = Pick<Operation["success"], "lines"> & Required<Pick<Operation["success"], "rows">>;

const jsonLines = ({ rows, lines = rows }: Tables, body: unknown): string =>
  lines(body)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");

/** What a table can be given as, besides JSON. */
const writers = {
  "text/csv": ({ rows }: Tables, body: unknown): string => csv(rows(body)),
  "application/x-ndjson": jsonLines,
  "application/jsonl": jsonLines,
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
  const { rows, lines } = success;
  if (rows === undefined || !isTable(type)) return null;
  const { next_cursor: cursor } = body as { readonly next_cursor?: string | null };
  return {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      ...(typeof cursor === "string" ? { link: `<${next(event, path, cursor)}>; rel="next"` } : {}),
    },
    body: writers[type]({ rows, ...(lines === undefined ? {} : { lines }) }, body),
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
