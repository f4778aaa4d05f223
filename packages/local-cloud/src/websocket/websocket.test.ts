import { once } from "node:events";
import {
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { graphOf } from "../gateway/testing.ts";
import { api, routeOf, type Seen, startTestSockets } from "./fixture.ts";
import { frameWatch } from "./frames.ts";

type Sockets = Awaited<ReturnType<typeof startTestSockets>>;
let sockets: Sockets;

beforeAll(async () => {
  sockets = await startTestSockets();
});
afterAll(() => sockets.close());

/** Waits for an event that a route was given. */
const event = (wanted: (seen: Seen) => boolean): Promise<Seen> =>
  vi.waitFor(async () => (await sockets.seen()).find(wanted) ?? Promise.reject(new Error("not seen")));

const idOf = async (marker: string): Promise<string> =>
  (await event(({ body }) => body?.includes(marker))).requestContext.connectionId;

/** A client whose connection id is known. */
const identified = async (marker: string) => {
  const client = await sockets.connect();
  client.socket.send(JSON.stringify({ marker }));
  return { ...client, id: await idOf(marker) };
};

describe("the handshake", () => {
  test("is answered 503 until something is deployed, or 403", () => {
    expect([403, 503]).toContain(sockets.undeployed.status);
  });

  test.for([
    ["/live?who=alice", 101],
    ["/live/?who=alice", 101],
    ["/live?who=nobody", 401],
    ["/live?who=denied", 403],
    ["/live?who=breaks", 500],
    ["/other?who=alice", 403],
    ["/?who=alice", 403],
    ["/live?who=alice&status=429", 429],
    ["/live?who=alice&status=0", 502],
  ] as const)("of %s is answered %i", async ([path, status]) => {
    expect((await sockets.connect(path)).status).toBe(status);
  });

  test("gives authorizer and $connect what AWS gives them", async () => {
    await sockets.connect("/live?x=1&x=2", { headers: { Authorization: "carol" } });
    const seen = await event(({ requestContext }) => requestContext.authorizer?.principalId === "carol");
    expect(seen).toMatchObject({
      headers: { Authorization: "carol" },
      queryStringParameters: { x: "2" },
      multiValueQueryStringParameters: { x: ["1", "2"] },
      requestContext: {
        routeKey: "$connect",
        eventType: "CONNECT",
        stage: "live",
        apiId: "ws1",
        connectionId: expect.stringMatching(/^[\w]{15}=$/),
        connectedAt: expect.any(Number),
        domainName: expect.stringContaining("127.0.0.1"),
        identity: { sourceIp: "127.0.0.1" },
        authorizer: { level: "7", principalId: "carol" },
      },
    });
    expect(seen).not.toHaveProperty("body");
  });

  test("agrees on the subprotocol that $connect answers, and on none of itself", async () => {
    const chosen = await sockets.connect("/live?who=alice&protocol=b", { protocols: ["a", "b"] });
    expect(chosen.socket.protocol).toBe("b");
  });
});

describe("a message", () => {
  test.for([
    ['{"action":"subscribe","n":1}', "subscribe"],
    ['{"action":"unknown","n":2}', "$default"],
    ['{"action":"$connect","n":3}', "$default"],
    ["no json 4", "$default"],
    ["null", "$default"],
  ] as const)("%s goes to %s", async ([body, routeKey]) => {
    const client = await sockets.connect();
    client.socket.send(body);
    const seen = await event((one) => one.body === body);
    expect(seen.requestContext).toMatchObject({
      routeKey,
      eventType: "MESSAGE",
      messageId: expect.any(String),
      authorizer: { principalId: "alice" },
    });
    expect(seen).not.toHaveProperty("headers");
  });

  test("that its function fails at is answered so", async () => {
    const { socket, messages } = await sockets.connect();
    socket.send("boom");
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    expect(JSON.parse(messages[0] ?? "")).toMatchObject({
      message: "Internal server error",
      connectionId: expect.any(String),
    });
  });

  test.for([
    ["a frame above 32 kB", (send: Send) => send("x".repeat(33 * 1024)), 1009],
    ["a message above 128 kB", (send: Send) => parts(send, 5), 1009],
    ["a binary message", (send: Send) => send(Buffer.from("x")), 1003],
  ] as const)("with %s ends the connection", async ([, act, code]) => {
    const { socket, closed } = await sockets.connect();
    act((data, options = {}) => socket.send(data, options));
    expect(await closed).toBe(code);
  });

  test("of 120 kB in four frames is taken", async () => {
    const { socket } = await sockets.connect();
    parts((data, options = {}) => socket.send(data, options), 4, 30 * 1024);
    expect((await event(({ body }) => body?.length === 120 * 1024)).requestContext.routeKey).toBe("$default");
  });
});

type Send = (data: string | Buffer, options?: { fin?: boolean }) => void;

const parts = (send: Send, count: number, size = 32 * 1024): void => {
  for (let part = 1; part <= count; part++) send("y".repeat(size), { fin: part === count });
};

describe("the management API", () => {
  test("posts to a connection, tells of it and ends it", async () => {
    const { id, messages, closed } = await identified("posted");
    const client = sockets.management();
    await client.send(new PostToConnectionCommand({ ConnectionId: id, Data: '{"hello":"ü"}' }));
    await vi.waitFor(() => expect(messages).toEqual(['{"hello":"ü"}']));
    const told = await client.send(new GetConnectionCommand({ ConnectionId: id }));
    expect(told.Identity).toMatchObject({ SourceIp: "127.0.0.1" });
    expect(told.LastActiveAt?.getTime()).toBeGreaterThanOrEqual(told.ConnectedAt?.getTime() ?? Infinity);
    await client.send(new DeleteConnectionCommand({ ConnectionId: id }));
    expect(await closed).toBe(1000);
    await event(
      ({ requestContext }) => requestContext.connectionId === id && requestContext.eventType === "DISCONNECT",
    );
  });

  test("answers 410 for who is gone, and 413 for too much", async () => {
    const { id, socket } = await identified("gone");
    const client = sockets.management();
    const post = (Data: string) => client.send(new PostToConnectionCommand({ ConnectionId: id, Data }));
    await expect(post("x".repeat(128 * 1024 + 1))).rejects.toMatchObject({ name: "PayloadTooLargeException" });
    socket.close();
    await once(socket, "close");
    const seen = await event(
      ({ requestContext }) => requestContext.connectionId === id && requestContext.eventType === "DISCONNECT",
    );
    expect(seen.requestContext).toMatchObject({ routeKey: "$disconnect", disconnectStatusCode: 1005 });
    await expect(post("x")).rejects.toMatchObject({ name: "GoneException", $metadata: { httpStatusCode: 410 } });
  });

  test("is judged by IAM, verb by verb", async () => {
    const { id, messages } = await identified("judged");
    const pusher = sockets.management("pusher");
    await pusher.send(new PostToConnectionCommand({ ConnectionId: id, Data: "allowed" }));
    await vi.waitFor(() => expect(messages).toEqual(["allowed"]));
    await expect(pusher.send(new DeleteConnectionCommand({ ConnectionId: id }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
    const other = sockets.management("routeRole");
    await expect(other.send(new PostToConnectionCommand({ ConnectionId: id, Data: "x" }))).rejects.toThrow(
      /ManageConnections/,
    );
  });
});

test("an idle connection and an old one are ended", async () => {
  const impatient = await startTestSockets({ idleMs: 300, connectionMs: 700 });
  try {
    const idle = await impatient.connect();
    const busy = await impatient.connect();
    const since = performance.now();
    const beat = setInterval(() => busy.socket.readyState === 1 && busy.socket.send("beat"), 50);
    expect(await idle.closed).toBe(1001);
    expect(performance.now() - since).toBeLessThan(650);
    expect(await busy.closed).toBe(1001);
    expect(performance.now() - since).toBeGreaterThan(600);
    clearInterval(beat);
  } finally {
    await impatient.close();
  }
});

test.for([
  ["a route without an integration", routeOf("lost").slice(0, 1), /has no integration/],
  ["IAM authorization", routeOf("$connect", { authorizationType: "AWS_IAM" }), /AWS_IAM/],
  [
    "a missing authorizer",
    routeOf("$connect", { authorizationType: "CUSTOM", authorizerId: "gone" }),
    /does not exist/,
  ],
] as const)("a deployment with %s is refused", async ([, resources, message]) => {
  await expect(sockets.part.apply?.(graphOf(...api, ...resources))).rejects.toThrow(message);
  expect((await sockets.connect()).status).toBe(101);
});

describe("the frame watch", () => {
  const frame = (length: number, masked = true): Buffer => {
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    const bytes = Buffer.alloc(head + (masked ? 4 : 0) + length, 0xff);
    bytes[0] = 0x81;
    bytes[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
    if (head === 4) bytes.writeUInt16BE(length, 2);
    if (head === 10) bytes.writeBigUInt64BE(BigInt(length), 2);
    return bytes;
  };

  test.for([1, 2, 3, 7, 100, 1_000_000])("counts frames in chunks of %i bytes", (size) => {
    for (const [lengths, tooLarge] of [
      [[0, 5, 125, 126, 300, 1000], 0],
      [[3, 1001, 2, 1001], 1],
      [[70_000], 1],
    ] as const) {
      let calls = 0;
      const watch = frameWatch(1000, () => (calls += 1));
      const bytes = Buffer.concat(lengths.map((length, at) => frame(length, at % 2 === 0)));
      for (let from = 0; from < bytes.length; from += size) watch(bytes.subarray(from, from + size));
      expect(calls).toBe(tooLarge);
    }
  });
});
