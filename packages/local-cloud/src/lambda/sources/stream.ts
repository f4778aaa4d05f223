import type { Watched } from "../../writes.ts";

/** A record of a stream on its way to a function. */
export type StreamRecord = {
  readonly sequence: string;
  /** Records of one key keep their order. */
  readonly key: string;
  /** When it arrived in the stream, in milliseconds since the epoch. */
  readonly arrival: number;
  /** About as many bytes as it takes in the function's event. */
  readonly size: number;
  /** As the function gets it. */
  readonly event: unknown;
  /** As filters see it. */
  readonly view: unknown;
};

export type Shard = {
  readonly id: string;
  readonly parents: readonly string[];
  /** Takes no new records. */
  readonly closed: boolean;
};

/** Where in a shard to read on. */
export type Position =
  | { readonly after: string }
  /** Milliseconds since the epoch; sources that cannot seek by time start at the oldest record. */
  | { readonly since: number }
  | "oldest";

export type Page = {
  readonly records: readonly StreamRecord[];
  /** Absent at the end of a closed shard. */
  readonly next?: string;
};

/** A sharded stream: Kinesis, or the changes of a DynamoDB table. */
export type Stream = {
  shards(): Promise<Shard[]>;
  iterator(shard: string, position: Position): Promise<string>;
  read(iterator: string, signal: AbortSignal): Promise<Page>;
  /** What is written to it. */
  readonly written: Watched;
  /** The invocation record that a failure destination gets calls its batch so. */
  readonly batchInfo: "KinesisBatchInfo" | "DDBStreamBatchInfo";
};
