import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type StripeEvent = { identifier: string; customer: string; name: string; value: number; timestamp: number };

/**
 * Stripe's meter events as far as their limits go: an identifier counts once in 24 hours, a timestamp lies at most 35
 * days back and 5 minutes ahead, a value is a whole number of at least 0. `lose` drops the connection after the event was taken.
 */
export const startStripe = async (clock: () => Date, port = 0) => {
  const events: StripeEvent[] = [];
  const seen = new Map<string, number>();
  const refusals: string[] = [];
  let lost = 0;

  const verdict = (form: URLSearchParams): string | null => {
    const identifier = form.get("identifier") ?? "";
    const timestamp = Number(form.get("timestamp"));
    const value = form.get("payload[value]") ?? "";
    const now = clock().getTime();
    if (identifier === "" || identifier.length > 100) return "Invalid identifier.";
    if (now - (seen.get(identifier) ?? -Infinity) < 24 * 3_600_000)
      return `An event already exists with identifier ${identifier}.`;
    if (!/^\d+$/.test(value)) return "The value must be a whole number.";
    if (timestamp * 1000 < now - 35 * 86_400_000) return "The timestamp is too far in the past.";
    if (timestamp * 1000 > now + 300_000) return "The timestamp is in the future.";
    return null;
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status: number, body: object) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      if (request.url !== "/v1/billing/meter_events" || request.headers.authorization !== "Bearer sk_test_tenantry")
        return answer(401, { error: { type: "invalid_request_error", message: "Invalid API key." } });
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const fault = verdict(form);
      if (fault !== null) {
        refusals.push(fault);
        return answer(400, { error: { type: "invalid_request_error", message: fault } });
      }
      const event = {
        identifier: form.get("identifier") ?? "",
        customer: form.get("payload[stripe_customer_id]") ?? "",
        name: form.get("event_name") ?? "",
        value: Number(form.get("payload[value]")),
        timestamp: Number(form.get("timestamp")),
      };
      seen.set(event.identifier, clock().getTime());
      events.push(event);
      if (lost > 0) {
        lost--;
        return request.socket.destroy();
      }
      return answer(200, { object: "billing.meter_event", ...event });
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    refusals,
    lose: (replies: number) => void (lost = replies),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
};
