import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { stsStorageVault } from "./storage-credentials.ts";

// What STS is asked. That it holds, the deployed app shows on the embedded cloud (tests/api/impersonation.test.ts).

const expires = "2026-11-20T14:00:12Z";
let server: Server;
let asked: URLSearchParams;
let vault: ReturnType<typeof stsStorageVault>;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked = new URLSearchParams(Buffer.concat(chunks).toString());
      response.writeHead(200, { "content-type": "text/xml" });
      response.end(
        `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new STSClient({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  vault = stsStorageVault({ role: "arn:aws:iam::123456789012:role/data", region: "us-east-1" }, client);
});
afterAll(() => server.close());
beforeEach(() => {
  asked = new URLSearchParams();
});

const tenant = { slug: "acme-corp", storage: { bucket: "data", prefix: "tenants/tenant-acme-corp/", objects: [] } };

test("a session is of its tenant, as long as asked, and has all that the role has", async () => {
  const { expires_at } = await vault.issue(tenant, 1800);
  expect(expires_at).toBe("2026-11-20T14:00:12.000Z");
  expect(Object.fromEntries(asked)).toMatchObject({
    DurationSeconds: "1800",
    "Tags.member.1.Key": "tenant",
    "Tags.member.1.Value": "tenant-acme-corp",
  });
  expect(asked.has("Policy")).toBe(false);
});

test.for([
  ["before STS would end it", "2026-11-20T13:50:59.999Z", "2026-11-20T13:50:59.999Z"],
  ["after that", "2026-11-20T14:30:00.000Z", "2026-11-20T14:00:12.000Z"],
] as const)("one that is to end %s allows nothing from then on", async ([, until, ends]) => {
  const { expires_at } = await vault.issue(tenant, 900, until);
  expect(expires_at).toBe(ends);
  expect(JSON.parse(asked.get("Policy") ?? "")).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "*",
        Resource: "*",
        Condition: { DateLessThan: { "aws:CurrentTime": `${until.slice(0, 19)}Z` } },
      },
    ],
  });
});
