import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import type { QuarantineEntry, QuarantineFilter, QuarantineList } from "./quarantine-entry.ts";

/** What was set aside, the newest arrival first. A page may be short though more follow, as long as `next` is not null. */
export const listQuarantine =
  (ports: { readonly quarantine: Pick<QuarantineList, "list"> }) =>
  async (ctx: Context, filter: QuarantineFilter, page: PageRequest): Promise<Page<QuarantineEntry>> => {
    authorise(ctx, "quarantine:read");
    return ports.quarantine.list(filter, page);
  };
