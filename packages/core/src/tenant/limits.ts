import { z } from "zod";
import { tierNames } from "./tier.ts";
import type { TenantLimits } from "./preflight.ts";

const Limits = z.partialRecord(z.enum(tierNames), z.int().min(0));

/** Reads `{"premium": 40}`. @throws Error for anything else. */
export const tenantLimits = (text: string): TenantLimits => Limits.parse(JSON.parse(text));
