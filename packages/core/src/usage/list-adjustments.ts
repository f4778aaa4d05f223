import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import type { Adjustment, Adjustments } from "./adjustment.ts";

/** Adjustments, the newest first. */
export const listAdjustments =
  (ports: { readonly adjustments: Pick<Adjustments, "list"> }) =>
  async (
    ctx: Context,
    filter: { readonly tenantId?: string | undefined },
    page: PageRequest,
  ): Promise<Page<Adjustment>> => {
    authorise(ctx, "usage:adjust");
    return ports.adjustments.list(filter, page);
  };
