import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eksPart } from "./eks.ts";
import { testGraph, testHost } from "./testing/host.ts";
import { serve } from "./testing/serve.ts";

const role = "arn:aws:iam::123456789012:role/tenant-data";

let server: Awaited<ReturnType<typeof serve>>;
const host = testHost(mkdtempSync(join(tmpdir(), "eks-")));

const call = async (method: string, path: string, body?: object) => {
  const response = await fetch(server.url + path, { method, ...(body && { body: JSON.stringify(body) }) });
  const value = (await response.json()) as Record<string, never> & { association: Record<string, string> };
  return { status: response.status, code: response.headers.get("x-amzn-errortype"), value };
};

beforeAll(async () => {
  const part = await eksPart(host);
  await part.apply?.(
    testGraph([
      {
        type: "aws:eks/cluster:Cluster",
        name: "cluster",
        outputs: {
          name: "platform",
          arn: "arn:aws:eks:us-east-1:123456789012:cluster/platform",
          endpoint: "http://127.0.0.1:1/_eks/platform",
          certificateAuthority: { data: "Y2E=" },
          createdAt: "2026-01-01T00:00:00Z",
        },
      },
    ]),
  );
  const [service] = part.services ?? [];
  if (service === undefined) throw new Error("the part has no service");
  server = await serve(service);
});

afterAll(async () => {
  await server.close();
  host.store.close();
});

test("a cluster is described as it was deployed", async () => {
  expect((await call("GET", "/clusters")).value).toEqual({ clusters: ["platform"] });
  expect((await call("GET", "/clusters/platform")).value).toMatchObject({
    cluster: {
      status: "ACTIVE",
      endpoint: "http://127.0.0.1:1/_eks/platform",
      certificateAuthority: { data: "Y2E=" },
      createdAt: 1_767_225_600,
    },
  });
  expect(await call("GET", "/clusters/other")).toMatchObject({ status: 404, code: "ResourceNotFoundException" });
});

test("an association is made once, listed, described and deleted", async () => {
  const path = "/clusters/platform/pod-identity-associations";
  const input = { namespace: "tenant-acme", serviceAccount: "tenant-workload", roleArn: role, clientRequestToken: "t" };
  const { value } = await call("POST", path, input);
  const { associationId = "" } = value.association;
  expect(associationId).toMatch(/^a-[a-z0-9]{17}$/);
  expect((await call("POST", path, input)).value.association["associationId"]).toBe(associationId);
  expect(await call("POST", path, { ...input, clientRequestToken: "u" })).toMatchObject({
    status: 409,
    code: "ResourceInUseException",
  });
  expect((await call("GET", `${path}?namespace=tenant-acme`)).value).toMatchObject({
    associations: [{ associationId }],
  });
  expect((await call("GET", `${path}?namespace=other`)).value).toEqual({ associations: [] });
  expect((await call("GET", `${path}/${associationId}`)).value.association["roleArn"]).toBe(role);
  expect((await call("DELETE", `${path}/${associationId}`)).status).toBe(200);
  expect(await call("GET", `${path}/${associationId}`)).toMatchObject({
    status: 404,
    code: "ResourceNotFoundException",
  });
});

test.each([
  [{ namespace: "a", serviceAccount: "b" }, "InvalidParameterException"],
  [{ namespace: "a", serviceAccount: "b", roleArn: "nobody" }, "InvalidParameterException"],
])("association %j is refused", async (input, code) => {
  expect((await call("POST", "/clusters/platform/pod-identity-associations", input)).code).toBe(code);
});

test("what is not there says so by name", async () => {
  const { status, value } = await call("POST", "/clusters/platform/updates", {});
  expect(status).toBe(501);
  expect(value["message"]).toContain("POST /clusters/platform/updates");
});
