import { randomUUID } from "node:crypto";
import type { AwsRequest } from "./service.ts";

/** An SQL statement as a request, so that it can meet the faults that requests meet. */
export const statementRequest = (statement: string, region: string): AwsRequest => ({
  id: randomUUID(),
  service: "postgres",
  region,
  method: "POST",
  url: new URL("http://postgres/"),
  headers: {},
  body: Buffer.from(statement),
  caller: undefined,
});

/** What a statement does, in the words that begin it: `CREATE ROLE`, `SELECT pg_advisory_lock`, `BEGIN`; a quoted name is `"_"`. */
export const statementAction = (statement: string): string => {
  const words = statement
    .replaceAll(/--.*$/gm, "")
    .replaceAll(/"[^"]*"/g, '"_"')
    .trim()
    .split(/[\s(]+/);
  return words.slice(0, 2).join(" ").replace(/;$/, "");
};
