import { randomUUID } from "node:crypto";
import { AwsError, type AwsRequest, type Service } from "./service.ts";

/** Target prefixes of the services whose engine is not ours; the others say it themselves. */
const targets: Readonly<Record<string, string>> = {
  dynamodb: "DynamoDB_20120810",
  kinesis: "Kinesis_20131202",
  sqs: "AmazonSQS",
};

/** Services of the Query protocol, with their versions. What they answer is XML and is not read. */
const queryVersions: Readonly<Record<string, string>> = { rds: "2014-10-31" };

const streamActions: ReadonlySet<string> = new Set(["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]);

/**
 * Calls an AWS JSON service in-process as the operator. One of the Query protocol takes flat input and answers nothing.
 * @throws AwsError as the service answered it.
 */
export const operatorCall = async (
  service: Service | undefined,
  call: { name: string; action: string; input: unknown; region: string; account: string },
): Promise<unknown> => {
  if (!service) throw new AwsError("NotImplemented", `The embedded cloud has no ${call.name}:${call.action}.`, 501);
  const streams = call.name === "dynamodb" && streamActions.has(call.action);
  const target = streams ? "DynamoDBStreams_20120810" : (service.target ?? targets[call.name] ?? call.name);
  const version = queryVersions[call.name];
  const contentType =
    version !== undefined
      ? "application/x-www-form-urlencoded"
      : call.name === "kinesis"
        ? "application/x-amz-json-1.1"
        : "application/x-amz-json-1.0";
  const request: AwsRequest = {
    id: randomUUID(),
    service: call.name,
    region: call.region,
    method: "POST",
    url: new URL("http://127.0.0.1/"),
    headers: {
      host: "127.0.0.1",
      "content-type": contentType,
      ...(version === undefined ? { "x-amz-target": `${target}.${call.action}` } : {}),
    },
    body: Buffer.from(version === undefined ? JSON.stringify(call.input ?? {}) : formOf(call, version)),
    internal: true,
    caller: { account: call.account, accessKeyId: "test", arn: `arn:aws:iam::${call.account}:root`, sessionTags: {} },
  };
  const { status, body } = await service.handle(request);
  const text = body === undefined ? "" : Buffer.from(body as string).toString("utf8");
  if (version !== undefined) {
    if (status < 300) return {};
    const [, code = "InternalFailure"] = /<Code>([^<]*)</.exec(text) ?? [];
    throw new AwsError(code, text, status);
  }
  // oxlint-disable-next-line typescript/no-explicit-any -- the service's own shape
  const value: any = text === "" ? {} : JSON.parse(text);
  if (status < 300) return value;
  const { __type: type = "InternalFailure", message, Message, ...fields } = value;
  throw new AwsError(
    String(type).split("#").at(-1) ?? "InternalFailure",
    String(message ?? Message ?? text),
    status,
    fields,
  );
};

const formOf = ({ action, input }: { action: string; input: unknown }, version: string): string =>
  new URLSearchParams({
    Action: action,
    Version: version,
    ...Object.fromEntries(Object.entries(input ?? {}).map(([name, value]) => [name, String(value)])),
  }).toString();
