import { z } from "zod";
import { counters, type QuotaLimits } from "./quota.ts";

const Limits = z.partialRecord(z.enum(counters), z.int().min(0));

/** Reads `{"db_clusters": 100, "premium_tenants": 40}`. @throws Error for anything else. */
export const quotaLimits = (text: string): QuotaLimits => Limits.parse(JSON.parse(text));
