import { authorise, reaches } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { Clock } from "../ports.ts";
import { Problem } from "../problem.ts";
import { concurrently } from "../usage/concurrently.ts";
import { isRejection, type Rejection, type UsageEvent } from "../usage/event.ts";
import type { StandingOf } from "../usage/tenant-check.ts";
import { readCloudEvent } from "./cloud-event.ts";
import { type Draft, isRefusal, type Read, readEvent, type Refusal, refusalOf } from "./draft.ts";
import { type Outgoing, pack, type Packed } from "./pack.ts";

/** What came in one request: one event or a list of them, plain or as CloudEvents. */
export type Submission = {
  readonly format: "plain" | "cloudevents";
  readonly body: unknown;
  /** The request's `Idempotency-Key`: events without an id get theirs from it, so that they count once under one key. */
  readonly key?: string | undefined;
};

export type Answer =
  | { readonly index: number; readonly status: "accepted"; readonly id: string }
  /** One that may be sent again goes under its id, for the stream may have it all the same. */
  | ({
      readonly index: number;
      readonly status: "rejected";
      readonly retryable: boolean;
      readonly id?: string;
    } & Refusal);

export type Answers = { readonly accepted: number; readonly rejected: number; readonly events: Answer[] };

/** Whether the same request may come to more another time. */
export const mayImprove = ({ events }: Answers): boolean =>
  events.some((event) => event.status === "rejected" && event.retryable);

/** The stream of usage events. */
export interface UsageSink {
  /** Puts records, those that were refused again and as they were. @returns which of them the stream has taken. */
  put(records: readonly Packed[]): Promise<boolean[]>;
}

export type SubmitUsagePorts = {
  /** Judges an event as the meter will. */
  readonly parse: (text: string, now: number) => Promise<UsageEvent | Rejection>;
  readonly standing: StandingOf;
  readonly sink: UsageSink;
  readonly clock: Clock;
  /** A new id; with a seed always the same one. */
  readonly eventId: (seed?: string) => string;
};

type Accepted = Outgoing & { readonly id: string };
type Verdict = Accepted | { readonly refusal: Refusal };

const width = 32;
const isTaken = (verdict: Verdict): verdict is Accepted => "text" in verdict;

/**
 * Takes usage events in: each is judged as the meter will judge it, gets an id, and goes to the stream. Members of a
 * tenant send their own tenant's events, whose `tenant_id` they may leave out; the platform's staff send any tenant's.
 *
 * @throws Problem `invalid-usage-event` when there is one event and it is refused, `unavailable` when the stream takes none
 */
export const submitUsage =
  (ports: SubmitUsagePorts) =>
  async (ctx: Context, { format, body, key }: Submission): Promise<Answers> => {
    authorise(ctx, "usage:write", ctx.actor.orgId);
    const items: readonly unknown[] = Array.isArray(body) ? body : [body];
    const read = format === "plain" ? readEvent : readCloudEvent;
    const idOf = (index: number) =>
      ports.eventId(key === undefined ? undefined : JSON.stringify([ctx.actor.id, key, index]));
    const now = ports.clock().getTime();

    const verdicts: Verdict[] = [];
    const failures = await concurrently([...items.keys()], width, async (index) => {
      const one = read(items[index]);
      verdicts[index] = isRefusal(one)
        ? { refusal: one }
        : await judge(ports, ctx, one, { index, now, id: idOf(index) });
    });
    if (failures[0] !== undefined) throw failures[0].error;

    const only = Array.isArray(body) ? undefined : verdicts[0];
    if (only !== undefined && !isTaken(only)) {
      const { code, detail, pointer } = only.refusal;
      throw new Problem("invalid-usage-event", detail, { errors: [{ pointer, detail: `${code}: ${detail}` }] });
    }

    const packs = pack(verdicts.filter(isTaken));
    const delivered = await ports.sink.put(packs);
    if (packs.length > 0 && !delivered.includes(true))
      throw new Problem("unavailable", "The stream takes no events at the moment. Send the request again.");
    const lost = new Set(packs.flatMap(({ indexes }, at) => (delivered[at] === true ? [] : indexes)));
    const events = verdicts.map((verdict, index): Answer => {
      if (!isTaken(verdict)) return { index, status: "rejected", retryable: false, ...verdict.refusal };
      if (!lost.has(index)) return { index, status: "accepted", id: verdict.id };
      const detail = "The stream did not take the event. Send it again, under this id.";
      return { index, status: "rejected", retryable: true, id: verdict.id, code: "unavailable", detail, pointer: "" };
    });
    const accepted = events.filter(({ status }) => status === "accepted").length;
    return { accepted, rejected: events.length - accepted, events };
  };

const judge = async (
  ports: SubmitUsagePorts,
  ctx: Context,
  read: Read,
  { index, now, id }: { readonly index: number; readonly now: number; readonly id: string },
): Promise<Verdict> => {
  const draft: Draft = {
    ...read.draft,
    id: read.draft.id ?? id,
    tenant_id: read.draft.tenant_id ?? (ctx.actor.orgId === platformOrg ? undefined : ctx.actor.orgId),
  };
  const text = JSON.stringify(draft);
  const event = await ports.parse(text, now);
  if (isRejection(event)) return { refusal: refusalOf(event, read) };
  // Another's tenant is not there, so that ids cannot be probed.
  const standing = reaches(ctx, event.tenantId) ? await ports.standing(event.tenantId) : "unknown";
  if (standing !== "known") {
    const detail = standing === "deleted" ? "The tenant was deleted." : "There is no such tenant.";
    return { refusal: refusalOf({ reason: `${standing}-tenant`, detail }, read) };
  }
  return { index, tenantId: event.tenantId, text, id: String(draft.id) };
};
