import type { Invocation } from "../../part.ts";
import type { Discard } from "./failures.ts";
import type { Mapping } from "./mapping.ts";
import type { StreamRecord } from "./stream.ts";
import { backoff, sleep } from "./timing.ts";

export type BatchEdges = {
  invoke(payload: unknown): Promise<Invocation>;
  /** The records need not be read again. */
  done(records: readonly StreamRecord[]): void;
  discard(discard: Omit<Discard, "shard">): Promise<void>;
  log(line: string): void;
  readonly signal: AbortSignal;
};

/** Which record of a batch is the first that has to be tried again; null when none has. */
const firstFailure = (batch: readonly StreamRecord[], response: unknown): number | null => {
  const failures = (response as { batchItemFailures?: unknown } | null)?.batchItemFailures;
  if (!Array.isArray(failures) || failures.length === 0) return null;
  const positions = failures.map((failure: { itemIdentifier?: unknown } | null) =>
    batch.findIndex(({ sequence }) => sequence === failure?.itemIdentifier),
  );
  // An identifier that is not in the batch makes the whole response worthless: all is tried again.
  return positions.includes(-1) ? 0 : Math.min(...positions);
};

/** The error of an attempt, and from which record on it failed; null when all went well. */
type Failure = { readonly from: number; readonly reason: string; readonly thrown: boolean } | null;

const attempt = async (mapping: Mapping, batch: readonly StreamRecord[], edges: BatchEdges): Promise<Failure> => {
  const { payload, error } = await edges.invoke({ Records: batch.map(({ event }) => event) });
  if (error) return { from: 0, reason: `${error.errorType}: ${error.errorMessage}`, thrown: true };
  const from = mapping.partialFailures ? firstFailure(batch, payload) : null;
  return from === null ? null : { from, reason: "reported batch item failures", thrown: false };
};

/**
 * Brings one batch to its end as Lambda does: tries it until the function takes it, keeping the order; records before the
 * lowest reported failure count as done; a thrown batch is halved when the mapping says so; what is too old or was tried
 * too often is discarded to the failure destination. Returns early, with the rest not done, when the signal is raised.
 */
export const processBatch = async (
  mapping: Mapping,
  records: readonly StreamRecord[],
  edges: BatchEdges,
  tried = 0,
): Promise<void> => {
  let batch = records;
  let failures = tried;
  let throttles = 0;
  const tooOld = ({ arrival }: StreamRecord): boolean =>
    mapping.maximumAge >= 0 && Date.now() - arrival > mapping.maximumAge * 1000;

  while (batch.length > 0 && !edges.signal.aborted) {
    const old = batch.filter((record) => tooOld(record));
    if (old.length > 0) {
      await edges.discard({ condition: "RecordAgeExceeded", attempts: failures, records: old });
      edges.done(old);
      batch = batch.filter((record) => !old.includes(record));
      continue;
    }
    let failure: Failure;
    try {
      failure = await attempt(mapping, batch, edges);
    } catch (error) {
      // Not run at all: throttled, not there yet, or being replaced. No attempt is used up.
      throttles += 1;
      if (throttles % 10 === 3) edges.log(`lambda: ${mapping.functionArn} could not be invoked: ${String(error)}`);
      await sleep(backoff(throttles), edges.signal);
      continue;
    }
    if (edges.signal.aborted) return;
    if (!failure) {
      edges.done(batch);
      return;
    }
    edges.log(`lambda: ${mapping.functionArn} failed on ${batch.length} records: ${failure.reason}`);
    if (failure.from > 0) {
      edges.done(batch.slice(0, failure.from));
      batch = batch.slice(failure.from);
      // Another record is first now: its attempts begin to count.
      failures = 0;
    } else if (failure.thrown && mapping.bisect && batch.length > 1) {
      // Halving does not use up an attempt.
      const middle = Math.ceil(batch.length / 2);
      await processBatch(mapping, batch.slice(0, middle), edges, failures);
      batch = batch.slice(middle);
      continue;
    }
    failures += 1;
    if (mapping.maximumRetries >= 0 && failures > mapping.maximumRetries) {
      await edges.discard({ condition: "RetryAttemptsExhausted", attempts: failures, records: batch });
      edges.done(batch);
      return;
    }
    await sleep(backoff(failures), edges.signal);
  }
};
