import { z } from "zod";
import { Quantity } from "../billing/money.ts";
import { parseMicros } from "../billing/quantity.ts";
import { MeterName } from "../usage/meters.ts";

/** Where usage can be exported to. */
export const exporterNames = ["stripe", "marketplace"] as const;
export type ExporterName = (typeof exporterNames)[number];

/** What a meter is called there, and how much of it makes one of theirs: both take whole numbers only. */
const Target = z.strictObject({
  name: z.string().min(1).max(100),
  per: Quantity.refine((text) => parseMicros(text) > 0n, "must be more than 0").default("1"),
});
export type ExportTarget = z.infer<typeof Target>;

const Targets = z
  .record(MeterName, Target)
  .refine(
    (targets) => new Set(Object.values(targets).map(({ name }) => name)).size === Object.keys(targets).length,
    "must not give two meters one name",
  );

const common = {
  meters: Targets,
  /** Where to reach what stands in for the other side, such as a mock of it; itself unless given. */
  api_base: z.url({ protocol: /^https?$/ }).optional(),
};

/** Targets by the meter's name. */
export const ExportSettings = z.strictObject({
  stripe: z.strictObject({ secret_arn: z.string().min(1), ...common }).optional(),
  marketplace: z.strictObject({ product_code: z.string().min(1), ...common }).optional(),
});
export type ExportSettings = z.infer<typeof ExportSettings>;

/** @throws Error that says what is wrong */
export const exportSettings = (text: string): ExportSettings => ExportSettings.parse(JSON.parse(text));
