import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPublicAddress } from "./webhook-address.ts";
import { webhookReceivers } from "./webhook-receivers.ts";

describe("an address is public", () => {
  test.for([
    ["93.184.215.14", true],
    ["172.15.0.1", true],
    ["172.32.0.1", true],
    ["100.128.0.1", true],
    ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", true],
    ["172.16.0.1", false],
    ["100.127.255.255", false],
    ["169.254.169.254", false],
    ["255.255.255.255", false],
    ["::", false],
    ["::1", false],
    ["::ffff:8.8.8.8", false],
    ["::7f00:1", false],
    ["64:ff9b::a00:1", false],
    ["64:ff9b:1::a00:1", false],
    ["fc00::1", false],
    ["fec0::1", false],
    ["ff02::1", false],
    ["2001:0:a00::1", false],
    ["2001:db8::1", false],
    ["2002:7f00:1::", false],
    ["", false],
    ["localhost", false],
  ] as const)("%s: %s", ([address, expected]) => expect(isPublicAddress(address)).toBe(expected));
});

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const message = { secrets: [secret], id: "evt_1", body: '{"name":"Grüße"}' };

describe("a name", () => {
  const resolving = (...addresses: string[]) =>
    webhookReceivers({
      allowed: [],
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    });

  test("with public addresses only may be called", async () =>
    expect(await resolving("93.184.215.14", "2606:4700::1").refusal("https://hooks.example.com/")).toBeNull());

  test("with one private address among them may not", async () =>
    expect(await resolving("93.184.215.14", "10.0.0.1").refusal("https://hooks.example.com/")).toMatch(/private/));

  test("that turned private since it was subscribed is not connected to", async () => {
    const attempt = await resolving("127.0.0.1").post({ url: "https://hooks.example.com/", ...message });
    expect(attempt).toMatchObject({
      status_code: null,
      error: "The URL must not lead to a private or reserved address.",
    });
  });

  test("without an address says so", async () => {
    expect(await resolving().refusal("https://hooks.example.com/")).toMatch(/resolved/);
    expect(await resolving().post({ url: "https://hooks.example.com/", ...message })).toMatchObject({
      status_code: null,
    });
  });
});

test("an address in a stored URL is judged again before it is called", async () => {
  const attempt = await webhookReceivers({ allowed: [] }).post({ url: "https://169.254.169.254/", ...message });
  expect(attempt).toMatchObject({ status_code: null, error: expect.stringMatching(/private/) });
});

describe("a request", () => {
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === "/silent") return;
    const name = (header: string) => String(request.headers[header]);
    const body = await text(request);
    const verified = (): boolean => {
      try {
        new Webhook(secret).verify(body, {
          "webhook-id": name("webhook-id"),
          "webhook-timestamp": name("webhook-timestamp"),
          "webhook-signature": name("webhook-signature"),
        });
        return true;
      } catch {
        return false;
      }
    };
    response.writeHead(verified() ? 200 : 400).end("x".repeat(1_000_000));
  };
  const server = createServer((request, response) => void receive(request, response));
  let port = 0;
  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  test("is signed as Standard Webhooks has it, and goes to a host that the operator allows", async () => {
    const receivers = webhookReceivers({ allowed: [`127.0.0.1:${port}`] });
    expect(await receivers.refusal(`http://127.0.0.1:${port}/`)).toBeNull();
    expect(await receivers.post({ url: `http://127.0.0.1:${port}/`, ...message })).toMatchObject({
      status_code: 200,
      error: null,
    });
    expect(await receivers.refusal(`http://127.0.0.1:${port + 1}/`)).toMatch(/https/);
  });

  test("is signed with each secret, of which a receiver may know any", async () => {
    const other = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
    const receivers = webhookReceivers({ allowed: ["127.0.0.1"] });
    const url = `http://127.0.0.1:${port}/`;
    for (const secrets of [
      [other, secret],
      [secret, other],
    ])
      expect(await receivers.post({ url, ...message, secrets })).toMatchObject({ status_code: 200 });
    expect(await receivers.post({ url, ...message, secrets: [other] })).toMatchObject({ status_code: 400 });
  });

  test("ends after five seconds without an answer", async () => {
    const receivers = webhookReceivers({ allowed: ["127.0.0.1"] });
    const attempt = await receivers.post({ url: `http://127.0.0.1:${port}/silent`, ...message });
    expect(attempt).toMatchObject({ status_code: null, error: "There was no answer within 5 seconds." });
    expect(attempt.duration_ms).toBeLessThan(7000);
    server.closeAllConnections();
  });

  test("to nobody says so", async () => {
    const receivers = webhookReceivers({ allowed: ["127.0.0.1"] });
    const attempt = await receivers.post({ url: "http://127.0.0.1:9/", ...message });
    expect(attempt).toMatchObject({ status_code: null, error: "The connection failed (ECONNREFUSED)." });
  });
});
