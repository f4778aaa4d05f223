import { z } from "zod";
import { TenantId } from "../ids.ts";
import { Instant } from "../time.ts";

/** Who a tenant is to those that bill it. Usage before `linked_at` is not exported. */
export const BillingAccount = z.strictObject({
  tenant_id: TenantId,
  stripe_customer: z.string().nullable(),
  marketplace_customer: z.string().nullable(),
  linked_at: Instant,
});
export type BillingAccount = Readonly<z.infer<typeof BillingAccount>>;

export const PutBillingAccount = z.strictObject({
  stripe_customer: z
    .string()
    .regex(/^cus_[A-Za-z0-9]{1,60}$/, "must be the id of a Stripe customer, such as cus_NciAYcXfLnqBoz")
    .nullable(),
  marketplace_customer: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/, "must be a customer identifier of AWS Marketplace")
    .nullable(),
});
export type PutBillingAccount = z.infer<typeof PutBillingAccount>;
