import { z } from "zod";
import { define, none } from "./define.ts";
import { pageOf, pathId } from "./schemas/common.ts";
import { ListQuarantineQuery, QuarantinedRecord, QuarantineEntry, quarantineIdExample } from "./schemas/quarantine.ts";

const json = "application/json";
const entryParams = z.strictObject({ entry_id: pathId("The entry's id.", quarantineIdExample) });

/** The operations on usage that was set aside. */
export const quarantineOperations = {
  listQuarantine: define("listQuarantine", {
    tag: "Usage",
    summary: "List quarantined usage",
    description:
      "Records of the usage stream that could not be counted, the newest arrival first, page by page. With a filter a page may be short, or empty, though more follow: go on as long as `next_cursor` is not null.",
    params: none,
    query: ListQuarantineQuery,
    body: null,
    success: { status: 200, description: "A page of entries.", contentType: json, body: pageOf(QuarantineEntry) },
    problems: ["invalid-cursor"],
  }),
  getQuarantined: define("getQuarantined", {
    tag: "Usage",
    summary: "Look at a quarantined record",
    description: "One record that could not be counted: what it holds, what is wrong with it, and what was tried.",
    params: entryParams,
    query: none,
    body: null,
    success: { status: 200, description: "The record.", contentType: json, body: QuarantinedRecord },
    problems: ["quarantine-entry-not-found"],
  }),
  redriveQuarantined: define("redriveQuarantined", {
    tag: "Usage",
    summary: "Redrive a quarantined record",
    description:
      "Counts the record's events, once what was wrong has been put right. They keep the identity that they came with, so each counts once, however often it is redriven or sent again. Events that are still refused keep the entry `waiting`.",
    params: entryParams,
    query: none,
    body: null,
    success: { status: 200, description: "The entry as it is now.", contentType: json, body: QuarantineEntry },
    problems: ["quarantine-entry-not-found", "state-conflict"],
  }),
} as const;
