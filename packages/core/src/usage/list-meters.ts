import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Meter, Meters } from "./meters.ts";

/** All meters, the shipped ones first. */
export const listMeters =
  ({ meters }: { readonly meters: Meters }) =>
  async (ctx: Context): Promise<readonly Meter[]> => {
    authorise(ctx, "meters:read");
    return meters.list();
  };
