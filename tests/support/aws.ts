import { AwsClient } from "aws4fetch";
import type { Ready } from "./app.ts";

/** An AWS service that lacks here answers as if it were empty. */
export class Lacking extends Error {}

const clients = new Map<string, AwsClient>();
const clientOf = (service: string): AwsClient => {
  const known =
    clients.get(service) ??
    new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service, region: "us-east-1", retries: 0 });
  clients.set(service, known);
  return known;
};

/** One signed request to the embedded cloud as its operator. @throws Lacking when it has no such action. */
export const ask = async (ready: Ready, service: string, path: string, init: RequestInit = {}): Promise<string> => {
  const answer = await clientOf(service).fetch(new URL(path, ready.aws_endpoint_url).href, init);
  const text = await answer.text();
  if (answer.status === 501) throw new Lacking(text);
  if (!answer.ok) throw new Error(`${service} ${path}: ${answer.status} ${text}`);
  return text;
};

/** A call of an AWS JSON service as the operator; the target is such as `secretsmanager.ListSecrets`. */
export const askJson = async (
  ready: Ready,
  service: string,
  target: string,
  input: object,
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came back
): Promise<any> =>
  JSON.parse(
    await ask(ready, service, "/", {
      method: "POST",
      headers: {
        "content-type":
          service === "dynamodb" || service === "states" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1",
        "x-amz-target": target,
      },
      body: JSON.stringify(input),
    }),
  );

/** All pages of a list. */
export const askAll = async <T>(page: (token: string | undefined) => Promise<{ items: T[]; next?: string }>) => {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await page(token);
    all.push(...items);
    token = next;
  } while (token !== undefined && token !== "");
  return all;
};

/** Nothing, where the embedded cloud lacks the service. */
export const orNothing = async <T>(asked: Promise<T[]>): Promise<T[]> =>
  asked.catch((error: unknown) => {
    if (error instanceof Lacking) return [];
    throw error;
  });
