import type { Graph } from "../../deploy/graph.ts";
import type { Host } from "../../part.ts";
import { createAws } from "./aws.ts";
import { dynamoStream } from "./dynamodb.ts";
import { sendFailure } from "./failures.ts";
import { kinesisStream } from "./kinesis.ts";
import { type Mapping, readMappings } from "./mapping.ts";
import { type Checkpoint, consumeShard, type ShardEdges } from "./shard.ts";
import { consumeQueue } from "./sqs.ts";
import type { Stream } from "./stream.ts";
import { backoff, sleep } from "./timing.ts";

/** The event source mappings of a deployment, at work from `start` on. */
export type Sources = {
  apply(graph: Graph): Promise<void>;
  /** Returns once each mapping has found its place in its stream (or waits for a stream that is not there yet). */
  start(): Promise<void>;
  list(): Mapping[];
  /** Begins or ends to consume, until it is told otherwise; what comes meanwhile is consumed later. */
  enable(id: string, enabled: boolean): Promise<void>;
  close(): Promise<void>;
};

type Running = { readonly mapping: Mapping; readonly placed: Promise<void>; stop(): Promise<void> };

/** How often shards are listed, to find those that a reshard made. */
const LIST_INTERVAL = 10_000;
const PLACED_WITHIN = 15_000;

/** @param roleOf the role of the function of an ARN: what Kinesis events name as the reader. */
export const createSources = (host: Host, roleOf: (functionArn: string) => string): Sources => {
  const aws = createAws(host);
  const checkpoints = host.store.collection<Checkpoint>("lambda.checkpoints");
  /** The mappings that an operator enabled or disabled after they were deployed. */
  const switched = host.store.collection<boolean>("lambda.mappings");
  const running = new Map<string, Running>();
  const log = (line: string): void => host.log(line);
  let declared: readonly Mapping[] = [];
  let started = false;

  const streamOf = (mapping: Mapping): Stream =>
    mapping.kind === "kinesis"
      ? kinesisStream(aws, mapping, host, () => roleOf(mapping.functionArn))
      : dynamoStream(aws, mapping, host);

  /** Where a mapping begins in the shards it sees first; kept at once, so that a restart begins there too. */
  const place = (mapping: Mapping, shards: readonly { id: string; closed: boolean }[]): void => {
    if (checkpoints.get(`${mapping.id}/`)) return;
    const since =
      mapping.startingPosition === "LATEST" ? Date.now() : Date.parse(mapping.startingTimestamp ?? "1970-01-01");
    for (const { id, closed } of shards) {
      const fresh: Checkpoint = mapping.startingPosition === "TRIM_HORIZON" ? {} : { since };
      checkpoints.put(`${mapping.id}/${id}`, closed && mapping.startingPosition === "LATEST" ? { ended: true } : fresh);
    }
    checkpoints.put(`${mapping.id}/`, {});
  };

  const consumeStream = async (mapping: Mapping, signal: AbortSignal, placed: () => void): Promise<void> => {
    const stream = streamOf(mapping);
    const open = new Map<string, Promise<void>>();
    const consume = async (shard: string, checkpoint: Checkpoint): Promise<void> => {
      const edges: ShardEdges = {
        signal,
        log,
        invoke: (payload) => host.invoke(mapping.functionArn, payload),
        checkpoint: (value) => checkpoints.put(`${mapping.id}/${shard}`, value),
        discard: async (discard) => {
          host.log(`lambda: ${mapping.functionArn} gives up ${discard.records.length} records: ${discard.condition}`);
          await sendFailure(aws, mapping, stream, { ...discard, shard }).catch((error: unknown) =>
            host.log(`lambda: ${mapping.onFailure ?? ""} did not take the failed records: ${String(error)}`),
          );
        },
      };
      try {
        await consumeShard(mapping, stream, shard, checkpoint, edges);
      } finally {
        open.delete(shard);
      }
    };
    let failures = 0;
    while (!signal.aborted) {
      try {
        const shards = await stream.shards();
        failures = 0;
        place(mapping, shards);
        placed();
        const unfinished = new Set(
          shards.filter(({ id }) => checkpoints.get(`${mapping.id}/${id}`)?.ended !== true).map(({ id }) => id),
        );
        for (const { id, parents } of shards) {
          // Children wait for their parents, so that the order of each key holds across a reshard.
          if (!unfinished.has(id) || open.has(id) || parents.some((parent) => unfinished.has(parent))) continue;
          open.set(id, consume(id, checkpoints.get(`${mapping.id}/${id}`) ?? {}));
        }
        await Promise.race([sleep(LIST_INTERVAL, signal), ...open.values()]);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        if (failures === 5) host.log(`lambda: cannot follow ${mapping.sourceArn}: ${String(error)}`);
        await sleep(backoff(failures, 50, 2000), signal);
      }
    }
    await Promise.allSettled(open.values());
  };

  const run = (mapping: Mapping): Running => {
    const controller = new AbortController();
    const placed = Promise.withResolvers<void>();
    const { signal } = controller;
    const edges = { aws, region: host.region, signal, log };
    if (mapping.kind === "sqs") placed.resolve();
    const loop =
      mapping.kind === "sqs"
        ? consumeQueue(mapping, { ...edges, invoke: (payload) => host.invoke(mapping.functionArn, payload) })
        : consumeStream(mapping, signal, placed.resolve);
    return {
      mapping,
      placed: Promise.race([placed.promise, sleep(PLACED_WITHIN, signal)]),
      async stop() {
        controller.abort();
        await loop;
      },
    };
  };

  const list = (): Mapping[] =>
    declared.map((mapping) => ({ ...mapping, enabled: switched.get(mapping.id) ?? mapping.enabled }));

  const adjust = async (): Promise<void> => {
    const wanted = new Map(
      list()
        .filter(({ enabled }) => enabled)
        .map((mapping) => [mapping.id, mapping]),
    );
    const stale = [...running.values()].filter(
      ({ mapping }) => JSON.stringify(wanted.get(mapping.id)) !== JSON.stringify(mapping),
    );
    for (const { mapping } of stale) running.delete(mapping.id);
    await Promise.all(stale.map((one) => one.stop()));
    for (const mapping of wanted.values()) {
      if (!running.has(mapping.id)) running.set(mapping.id, run(mapping));
    }
    await Promise.all([...running.values()].map(({ placed }) => placed));
  };

  return {
    list,
    async enable(id, enabled) {
      switched.put(id, enabled);
      if (started) await adjust();
    },
    async apply(graph) {
      declared = readMappings(graph);
      if (started) await adjust();
    },
    async start() {
      started = true;
      await adjust();
    },
    async close() {
      await Promise.all([...running.values()].map((one) => one.stop()));
      running.clear();
    },
  };
};
