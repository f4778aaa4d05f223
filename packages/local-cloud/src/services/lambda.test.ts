import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AwsClient } from "aws4fetch";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { functionArn, functionResources } from "../lambda/fixture.ts";
import { type LambdaPart, lambdaPart } from "../lambda/part.ts";
import { eventsPart } from "./events.ts";

const source = `import { appendFileSync } from "node:fs";
export const handler = async (event) => {
  console.log("got", event.n);
  if (event.file) appendFileSync(event.file, "x");
  if (event.fail) throw new Error("no");
  return { n: event.n + 1 };
};`;

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud([
    async (host) => {
      const part: LambdaPart = await lambdaPart(host);
      host.invoke = (name, payload) => part.invoke(name, payload);
      return part;
    },
    eventsPart,
  ]);
  await cloud.apply(
    graphOf(
      ...(await functionResources(cloud.host.data, "fn", source)),
      roleOf("may", [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArn("fn") }]),
      roleOf("maynot", []),
    ),
  );
});
afterAll(() => cloud.close());

const call = (path: string, init: RequestInit = {}, role?: string): Promise<Response> => {
  const { credentials } = cloud.client(role);
  const client = new AwsClient({ ...credentials, region: "us-east-1", service: "lambda", retries: 0 });
  return client.fetch(`${cloud.gateway.endpoint}/2015-03-31${path}`, init);
};
const invoke = (payload: unknown, headers: Record<string, string> = {}, role?: string): Promise<Response> =>
  call("/functions/fn/invocations", { method: "POST", body: JSON.stringify(payload), headers }, role);

describe("Lambda's API", () => {
  test("invokes and answers the payload", async () => {
    const response = await invoke({ n: 1 });
    expect([response.status, await response.json()]).toEqual([200, { n: 2 }]);
    expect(response.headers.get("x-amz-executed-version")).toBe("$LATEST");
  });

  test("says when the function failed, and shows the end of its log when asked", async () => {
    const response = await invoke({ n: 1, fail: true }, { "x-amz-log-type": "Tail" });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-amz-function-error")).toBe("Unhandled");
    expect(await response.json()).toMatchObject({ errorType: "Error", errorMessage: "no", trace: expect.any(Array) });
    const log = Buffer.from(response.headers.get("x-amz-log-result") ?? "", "base64").toString();
    expect(log).toMatch(/^START RequestId: [\s\S]*INFO\tgot 1\n[\s\S]*REPORT RequestId: /);
  });

  test("takes the function's ARN for its name", async () => {
    const path = `/functions/${encodeURIComponent(functionArn("fn"))}/invocations`;
    const response = await call(path, { method: "POST", body: '{"n":4}' });
    expect(await response.json()).toEqual({ n: 5 });
  });

  test("runs an event twice more when it fails, and answers at once", async () => {
    const file = join(cloud.host.data, "attempts");
    const response = await invoke({ file, fail: true }, { "x-amz-invocation-type": "Event" });
    expect([response.status, await response.text()]).toEqual([202, ""]);
    await vi.waitFor(async () => expect(await readFile(file, "utf8")).toBe("xxx"));
    await vi.waitFor(() => expect(cloud.lines.join("\n")).toContain("gave up on fn after 3 attempts"));
  });

  test("runs nothing dry", async () => {
    const file = join(cloud.host.data, "dry");
    expect((await invoke({ file }, { "x-amz-invocation-type": "DryRun" })).status).toBe(204);
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  test("lets a role invoke what its policy names, and no other", async () => {
    expect((await invoke({ n: 1 }, {}, "may")).status).toBe(200);
    expect((await invoke({ n: 1 }, {}, "maynot")).status).toBe(403);
    expect((await call("/functions", {}, "may")).status).toBe(403);
  });

  test("shows what is deployed", async () => {
    expect(await (await call("/functions/fn")).json()).toMatchObject({
      Configuration: { FunctionArn: functionArn("fn"), Handler: "bundle.handler", Timeout: 3, MemorySize: 128 },
    });
    expect(await (await call("/functions")).json()).toMatchObject({ Functions: [{ FunctionName: "fn" }] });
    expect(await (await call("/event-source-mappings")).json()).toEqual({ EventSourceMappings: [] });
  });

  test.for([
    ["/functions/none/invocations", { method: "POST", body: "{}" }, 404, "ResourceNotFoundException"],
    ["/functions/fn/invocations", { method: "POST", body: "{" }, 400, "InvalidRequestContentException"],
    ["/functions/fn/versions", { method: "POST", body: "{}" }, 501, "NotImplemented"],
    ["/event-source-mappings/none", { method: "PUT", body: '{"Enabled":false}' }, 404, "ResourceNotFoundException"],
  ] as const)("%s is refused as AWS would", async ([path, init, status, code]) => {
    const response = await call(path, init);
    expect([response.status, response.headers.get("x-amzn-errortype")]).toEqual([status, code]);
  });
});
