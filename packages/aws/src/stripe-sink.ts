import type { UsageSink } from "@tenantry/core/usage-export/ports";
import Stripe from "stripe";

/** Stripe knows an identifier for at least 24 hours. https://docs.stripe.com/api/billing/meter-event/create */
const resendMs = 23 * 3_600_000;

/** What the client is to reach Stripe by, where that is not Stripe's own address. */
type StripeAddress = { readonly host: string; readonly port: number; readonly protocol: "http" | "https" };

const addressOf = (base: string): StripeAddress => {
  const { hostname, port, protocol } = new URL(base);
  const secure = protocol === "https:";
  return { host: hostname, port: Number(port || (secure ? 443 : 80)), protocol: secure ? "https" : "http" };
};

/**
 * Usage as Stripe's meter events, one call each. Stripe bills what a meter's events sum up to in the period of their
 * timestamps, which may lie 35 days back: the meter there must be one of `sum`.
 *
 * @param key gives the secret key
 * @param base the address of what stands in for Stripe
 */
export const stripeSink = (key: () => Promise<string>, base?: string): UsageSink => {
  const address = base === undefined ? {} : addressOf(base);
  let client: Promise<Stripe> | undefined;
  const connected = async () =>
    (client ??= key().then(
      // Retries are the cursor's: they outlive the process.
      (secret) => new Stripe(secret, { maxNetworkRetries: 0, telemetry: false, timeout: 10_000, ...address }),
    ));
  return {
    name: "stripe",
    batch: 1,
    resendMs,
    backdates: true,
    async send([record]) {
      if (record === undefined) return [];
      const { id, customer, name, units, at } = record;
      const stripe = await connected();
      try {
        await stripe.billing.meterEvents.create(
          {
            event_name: name,
            identifier: id,
            timestamp: Math.floor(at.getTime() / 1000),
            payload: { stripe_customer_id: customer, value: units.toString() },
          },
          { idempotencyKey: id },
        );
        return [{ kind: "taken" }];
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
        // Ours of an earlier try, whose answer was lost.
        if (/already exists/i.test(error.message)) return [{ kind: "taken" }];
        return [{ kind: "refused", reason: `Stripe refused it: ${error.message}` }];
      }
    },
  };
};
