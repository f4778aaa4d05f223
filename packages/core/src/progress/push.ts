import type { Operation } from "../operation/operation.ts";
import type { ProgressPorts } from "./ports.ts";
import { audiencesOf, changesOf, type TaskStatus, type Versioned } from "./task-status.ts";

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
    const told = await Promise.all(
      audiencesOf(after).map(({ topics, told: heard }) => reach(ports, topics, heard(messages))),
    );
    return { messages: messages.length, told: told.reduce((sum, count) => sum + count, 0) };
  };

const reach = async (
  ports: ProgressPorts,
  topics: readonly string[],
  messages: readonly TaskStatus[],
): Promise<number> => {
  await ports.feed.append(topics, messages);
  const subscribers = await ports.subscribers.of(topics);
  const expired = new Set(
    subscribers.filter(({ expiresAt }) => expiresAt * 1000 <= ports.clock().getTime()).map((one) => one.connectionId),
  );
  const ids = [...new Set(subscribers.map(({ connectionId }) => connectionId))];
  const told = await Promise.all(ids.map((id) => (expired.has(id) ? drop(ports, id) : tell(ports, id, messages))));
  return told.filter(Boolean).length;
};

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
