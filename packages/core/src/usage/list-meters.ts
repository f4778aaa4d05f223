import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Meter } from "./meters.ts";
import type { Meters } from "./ports.ts";

/** All meters, the shipped ones first. */
export const listMeters =
  ({ meters }: { readonly meters: Pick<Meters, "list"> }) =>
  async (ctx: Context): Promise<readonly Meter[]> => {
    authorise(ctx, "meters:read");
    return (await meters.list()).meters;
  };
