import { authorise, reaches } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import type { ProgressPorts, Subscriber } from "./ports.ts";
import { asSeenBy, readPosition, stateOf, type TaskStatus } from "./task-status.ts";

/** How long the feed keeps what it tells. */
export const feedLifeSeconds = 24 * 3600;

/**
 * Changes of different operations may enter a feed a little out of order: a writer that was held up for as long as its
 * function may run still comes before what is read again.
 */
const overlapMillis = 60_000;
/** In writes to operations. */
const replayLimit = 1000;

export type Subscribe = {
  readonly subscriber: Subscriber;
  /** Absent: all operations that the caller's organisation may see. */
  readonly operationId?: string | undefined;
  /** The `id` of the last message the client has. */
  readonly since?: string | undefined;
};

/**
 * Subscribes a connection, then sends what it lacks: everything since `since`, or how things stand. The subscription is
 * written first, so a change is either read here or pushed, or both; the client knows it by its `seq`.
 *
 * @throws Problem `forbidden`, `operation-not-found` also for somebody else's operation, `invalid-request`.
 */
export const subscribe =
  (ports: ProgressPorts) =>
  async (ctx: Context, { subscriber, operationId, since }: Subscribe): Promise<{ replayed: number }> => {
    const { orgId } = ctx.actor;
    if (orgId === "") throw new Problem("forbidden", "The token names no organisation.");
    authorise(ctx, "operations:read", orgId);
    const position = since === undefined ? null : readPosition(since);
    if (since !== undefined && position === null)
      throw new Problem("invalid-request", "since is not the id of a message.", {
        errors: [{ pointer: "/since", detail: "must be the id of a message" }],
      });
    const found = operationId === undefined ? undefined : await ports.feed.get(operationId);
    if (found === null || (found && !reaches(ctx, found.operation.tenant_id)))
      throw new Problem("operation-not-found", `There is no operation ${operationId}.`);
    await ports.subscribers.add({ ...subscriber, orgId, operationId: operationId ?? null });

    const now = ports.clock();
    const lost = position === null || Date.parse(position.at) < now.getTime() - feedLifeSeconds * 1000 + overlapMillis;
    const missed = lost
      ? null
      : await ports.feed.after(
          // A tenant's changes are fewer than those of all.
          found?.operation.tenant_id ?? orgId,
          new Date(Date.parse(position.at) - overlapMillis).toISOString(),
          replayLimit,
        );
    const watched = missed
      ?.filter(({ operation_id }) => operationId === undefined || operation_id === operationId)
      .map((one) => asSeenBy(orgId, one));
    // One write may have made several messages, of which the client got the first: the last version comes again.
    const seen = (one: TaskStatus): boolean => one.operation_id === position?.operationId && one.seq < position.seq;
    const messages =
      watched?.filter((one) => !seen(one)) ?? (await state(ports, orgId, operationId, now.toISOString()));
    for (const message of once(messages))
      if ((await ports.wire.post(subscriber.connectionId, message)) === "gone") {
        await ports.subscribers.remove(subscriber.connectionId);
        return { replayed: 0 };
      }
    return { replayed: messages.length };
  };

const state = async (
  { feed }: Pick<ProgressPorts, "feed">,
  orgId: string,
  operationId: string | undefined,
  now: string,
): Promise<TaskStatus[]> => {
  // Read again after the subscription: what changed in between would be in neither otherwise.
  const one = operationId === undefined ? undefined : await feed.get(operationId);
  const current = one ? [one] : await feed.unfinished(orgId === platformOrg ? undefined : orgId);
  return current.flatMap((versioned) => stateOf(versioned, now, orgId));
};

/** The stream may deliver a change twice, so the feed may hold it twice: the first stands. */
const once = (messages: readonly TaskStatus[]): TaskStatus[] =>
  [
    ...new Map(messages.toReversed().map((one) => [`${one.operation_id} ${one.seq} ${one.step ?? ""}`, one])).values(),
  ].toReversed();
