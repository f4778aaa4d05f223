import { define, none } from "./define.ts";
import { Adjustment, CreateAdjustmentBody, ListAdjustmentsQuery } from "./schemas/adjustment.ts";
import { pageOf } from "./schemas/common.ts";

const json = "application/json";

/** The operations on corrections of usage. */
export const adjustmentOperations = {
  createAdjustment: define("createAdjustment", {
    tag: "Usage",
    summary: "Correct usage",
    description:
      "Adds a signed value to a meter of `sum`, or voids one event of any meter. Whoever asks is the author. Usage of the last 35 days can be corrected; what is older is adjusted with a timestamp of today.",
    params: none,
    query: none,
    body: CreateAdjustmentBody,
    success: {
      status: 201,
      description: "The correction. While it is `pending` the totals do not have it yet; they will within minutes.",
      contentType: json,
      body: Adjustment,
    },
    problems: ["tenant-not-found", "usage-event-not-found", "correction-not-applicable", "state-conflict"],
  }),
  listAdjustments: define("listAdjustments", {
    tag: "Usage",
    summary: "List corrections of usage",
    description: "Corrections with their authors and reasons, the newest first, page by page.",
    params: none,
    query: ListAdjustmentsQuery,
    body: null,
    success: { status: 200, description: "A page of corrections.", contentType: json, body: pageOf(Adjustment) },
    problems: ["invalid-cursor"],
  }),
} as const;
