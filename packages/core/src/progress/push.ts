import { platformOrg } from "../access/policy.ts";
import type { Operation } from "../operation/operation.ts";
import type { ProgressPorts, Subscription } from "./ports.ts";
import { asSeenBy, changesOf, type TaskStatus, type Versioned } from "./task-status.ts";

/** One write to an operation. */
export type Written = { readonly before: Operation | null; readonly after: Versioned };

/**
 * Tells whoever watches what a write changed. It goes into the feed first: a client that subscribes meanwhile finds it
 * there, one that subscribed before is found here. Whom it cannot reach is disconnected, to come back and ask.
 */
export const pushProgress =
  (ports: ProgressPorts) =>
  async ({ before, after }: Written): Promise<{ messages: number; told: number }> => {
    const messages = changesOf(before, after, ports.clock().toISOString());
    if (messages.length === 0) return { messages: 0, told: 0 };
    const { operation } = after;
    const orgIds = [platformOrg, operation.tenant_id];
    await ports.feed.append(orgIds, messages);
    const watching = (await ports.subscribers.of(orgIds)).filter(
      ({ operationId }) => operationId === null || operationId === operation.id,
    );
    // Who watches everything and this operation too hears of it once.
    const each = new Map(watching.map((one) => [one.connectionId, one])).values();
    const told = await Promise.all(Array.from(each, (one) => reach(ports, one, messages)));
    return { messages: messages.length, told: told.filter(Boolean).length };
  };

const reach = async (
  ports: ProgressPorts,
  { connectionId, expiresAt, orgId }: Subscription,
  messages: readonly TaskStatus[],
): Promise<boolean> =>
  expiresAt * 1000 <= ports.clock().getTime()
    ? drop(ports, connectionId)
    : tell(
        ports,
        connectionId,
        messages.map((one) => asSeenBy(orgId, one)),
      );

const tell = async (ports: ProgressPorts, id: string, messages: readonly TaskStatus[]): Promise<boolean> => {
  try {
    for (const message of messages)
      if ((await ports.wire.post(id, message)) === "gone") {
        await ports.subscribers.remove(id);
        return false;
      }
    return true;
  } catch {
    return drop(ports, id);
  }
};

const drop = async (ports: ProgressPorts, id: string): Promise<false> => {
  await ports.wire.close(id);
  await ports.subscribers.remove(id);
  return false;
};
