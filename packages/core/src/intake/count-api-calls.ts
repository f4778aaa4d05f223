import { TenantId } from "../ids.ts";
import { type Outgoing, pack } from "./pack.ts";
import type { UsageSink } from "./submit-usage.ts";

/** An authorised request to the API. */
export type ApiCall = {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status: number;
  /** Such as `GET /admin/tenants/{tenant_id}`. */
  readonly route: string;
  readonly user: string;
  /** The organisation of whoever asked. */
  readonly orgId: string;
};

/** Refused at the door or by a limit: neither is a call that the tenant got anything for. */
const refused: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * Whether a request counts: it came from a tenant, was let in, and was answered, be it with an error of the client's own.
 * Errors of ours (5xx) are not charged for.
 */
export const countsAsCall = ({ orgId, status }: ApiCall): boolean =>
  status < 500 && !refused.has(status) && TenantId.safeParse(orgId).success;

const eventOf = ({ requestId, at, route, user, orgId }: ApiCall): string =>
  JSON.stringify({
    id: requestId,
    tenant_id: orgId,
    metric: "api_calls",
    value: 1,
    timestamp: new Date(at).toISOString(),
    user_id: user,
    dimensions: { route },
  });

/**
 * Puts an event for each call of a tenant into the stream. Its id is the request's, so a log that is delivered twice
 * counts once.
 *
 * @returns how many
 * @throws Error when the stream has not taken all of them: the same calls are to come again.
 */
export const countApiCalls =
  ({ sink }: { readonly sink: UsageSink }) =>
  async (calls: readonly ApiCall[]): Promise<number> => {
    const events = calls
      .filter(countsAsCall)
      .map((call, index): Outgoing => ({ index, tenantId: call.orgId, text: eventOf(call) }));
    const taken = await sink.put(pack(events));
    const lost = taken.filter((one) => !one).length;
    if (lost > 0) throw new Error(`The stream did not take ${lost} of ${taken.length} records.`);
    return events.length;
  };
