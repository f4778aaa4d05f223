import type { Deliveries } from "../lambda/deliveries.ts";
import type { Host, Invocation } from "../part.ts";

/** What a rule or schedule runs. */
export type Target = {
  readonly arn: string;
  /** JSON that replaces the event. */
  readonly input?: string;
  readonly inputPath?: string;
  readonly inputTransformer?: {
    readonly inputPaths?: Readonly<Record<string, string>>;
    readonly inputTemplate: string;
  };
  readonly retryPolicy?: { readonly maximumRetryAttempts?: number };
};

/** `$.detail.items[0].id` in an event; undefined where there is nothing. */
const atPath = (event: unknown, path: string): unknown =>
  path
    .replace(/^\$\.?/, "")
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined | null)?.[part], event);

/** Placeholders stand for JSON values; inside of a quoted string, for their text. */
const transform = (
  event: unknown,
  { inputPaths = {}, inputTemplate }: NonNullable<Target["inputTransformer"]>,
): unknown => {
  const values: Record<string, unknown> = { "aws.events.event": event };
  for (const [name, path] of Object.entries(inputPaths)) values[name] = atPath(event, path);
  let quoted = false;
  const text = inputTemplate.replace(/\\.|"|<([\w.-]+)>/g, (part, name: string | undefined) => {
    if (part === '"') quoted = !quoted;
    if (name === undefined) return part;
    const value = values[name];
    if (!quoted) return JSON.stringify(value ?? null);
    const words = typeof value === "string" ? value : JSON.stringify(value ?? "");
    return JSON.stringify(words).slice(1, -1);
  });
  return JSON.parse(text) as unknown;
};

/** What the target gets for an event. */
export const inputOf = (target: Target, event: unknown): unknown => {
  if (target.input !== undefined) return JSON.parse(target.input) as unknown;
  if (target.inputTransformer) return transform(event, target.inputTransformer);
  return target.inputPath === undefined ? event : atPath(event, target.inputPath);
};

const serviceOf = (arn: string): string => arn.split(":")[2] ?? "";

/** @throws Error when the embedded cloud cannot run such a target: better at the deployment than in silence. */
export const checkTarget = (target: Target, name: string, services: readonly string[] = ["lambda"]): void => {
  if (!services.includes(serviceOf(target.arn)))
    throw new Error(`${name}: the embedded cloud cannot run ${target.arn}.`);
};

/** How often EventBridge tries at most, over 24 hours. */
const mostRetries = 185;

/**
 * EventBridge asks Lambda to run it asynchronously, which tries again twice; a queue it tries to reach itself. A target's
 * own policy may say how often.
 */
export const deliver = (deliveries: Deliveries, target: Target, payload: unknown): void =>
  deliveries.enqueue({
    functionName: target.arn,
    payload,
    retries: Math.min(
      target.retryPolicy?.maximumRetryAttempts ?? (serviceOf(target.arn) === "lambda" ? 2 : mostRetries),
      mostRetries,
    ),
  });

/** Reaches a target: a function is run, a queue is sent the event. */
export const reachTarget =
  (host: Pick<Host, "invoke" | "call">) =>
  async (arn: string, payload: unknown): Promise<Pick<Invocation, "error">> => {
    if (serviceOf(arn) !== "sqs") return host.invoke(arn, payload);
    const [, , , region, account, name] = arn.split(":");
    const QueueUrl = `http://sqs.${region}.amazonaws.com/${account}/${name}`;
    await host.call("sqs", "SendMessage", { QueueUrl, MessageBody: JSON.stringify(payload) });
    return {};
  };
