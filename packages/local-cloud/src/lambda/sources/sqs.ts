import { createHash } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { Invocation } from "../../part.ts";
import type { Aws } from "./aws.ts";
import { compileFilters, type Mapping } from "./mapping.ts";
import { backoff, sleep } from "./timing.ts";

type Message = {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes?: Record<string, string>;
  readonly MessageAttributes?: Record<string, { StringValue?: string; BinaryValue?: string; DataType: string }>;
  readonly MD5OfBody?: string;
};

const attributeOf = ({
  StringValue,
  BinaryValue,
  DataType,
}: {
  StringValue?: string;
  BinaryValue?: string;
  DataType: string;
}) => ({
  ...(StringValue === undefined ? {} : { stringValue: StringValue }),
  ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
  stringListValues: [],
  binaryListValues: [],
  dataType: DataType,
});

const recordOf = (mapping: Mapping, region: string, message: Message) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeOf(value)]),
  ),
  md5OfBody: message.MD5OfBody ?? createHash("md5").update(message.Body).digest("hex"),
  eventSource: "aws:sqs",
  eventSourceARN: mapping.sourceArn,
  awsRegion: region,
});

type Edges = {
  readonly aws: Aws;
  readonly region: string;
  readonly signal: AbortSignal;
  invoke(payload: unknown): Promise<Invocation>;
  log(line: string): void;
};

/** Filters see a body that is JSON as its value. */
const viewOf = (record: { readonly body: string }): unknown => {
  try {
    return { ...record, body: JSON.parse(record.body) as unknown };
  } catch {
    return record;
  }
};

/** The messages that the function took: all, none, or all but those it reported. */
const taken = (mapping: Mapping, messages: readonly Message[], { payload, error }: Invocation): readonly Message[] => {
  if (error) return [];
  const failures = mapping.partialFailures
    ? (payload as { batchItemFailures?: { itemIdentifier?: string }[] } | null)?.batchItemFailures
    : undefined;
  const failed = new Set((failures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const known = [...failed].every((id) => messages.some(({ MessageId }) => MessageId === id));
  return known ? messages.filter(({ MessageId }) => !failed.has(MessageId)) : [];
};

/** Polls a queue until the signal is raised. Messages that were not taken come again after their visibility timeout. */
export const consumeQueue = async (mapping: Mapping, edges: Edges): Promise<void> => {
  const { aws, region, signal } = edges;
  const passes = compileFilters(mapping);
  const [, , , , account, name] = mapping.sourceArn.split(":");
  const QueueUrl = `http://sqs.${region}.amazonaws.com/${account}/${name}`;
  const remove = async (messages: readonly Message[]): Promise<void> => {
    if (messages.length === 0) return;
    const Entries = messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    await aws.json("sqs", "DeleteMessageBatch", { QueueUrl, Entries });
  };
  const input = {
    QueueUrl,
    MaxNumberOfMessages: Math.min(10, mapping.batchSize),
    WaitTimeSeconds: 10,
    AttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  };
  let failures = 0;
  while (!signal.aborted) {
    try {
      const { Messages = [] } = await aws.json<{ Messages?: Message[] }>("sqs", "ReceiveMessage", input, signal);
      failures = 0;
      const wanted = Messages.filter((message) => passes(viewOf(recordOf(mapping, region, message))));
      // What no filter lets through is gone from the queue, as on AWS.
      await remove(Messages.filter((message) => !wanted.includes(message)));
      if (wanted.length === 0) continue;
      const outcome = await edges.invoke({ Records: wanted.map((message) => recordOf(mapping, region, message)) });
      if (outcome.error)
        edges.log(`lambda: ${mapping.functionArn} failed on ${wanted.length} messages: ${outcome.error.errorMessage}`);
      await remove(taken(mapping, wanted, outcome));
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const throttled = error instanceof AwsError && error.code === "TooManyRequestsException";
      if (!throttled && failures === 3) edges.log(`lambda: polling ${mapping.sourceArn}: ${String(error)}`);
      await sleep(backoff(failures), signal);
    }
  }
};
