import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onboard, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

/** A receiver on this machine: it answers each path's requests with the statuses given, the last one for ever. */
const received: Received[] = [];
const answers = new Map<string, number[]>();
let receiver: Server;
let token: string;

const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const path = request.url ?? "";
  const statuses = answers.get(path) ?? [204];
  const status = statuses.length > 1 ? statuses.shift()! : statuses[0]!;
  received.push({ path, headers: request.headers, body: await text(request) });
  response.writeHead(status, status === 302 ? { location: urlOf("/redirected") } : {}).end();
};

beforeAll(async () => {
  receiver = createServer((request, response) => void receive(request, response));
  receiver.listen(0, "localhost");
  await once(receiver, "listening");
  token = await signIn(ready());
});
afterAll(() => void receiver.close());

const urlOf = (path: string) => `http://localhost:${(receiver.address() as AddressInfo).port}${path}`;
const at = (path: string) => received.filter((request) => request.path === path);

const api = (method: string, path: string, body?: unknown) => send(ready(), method, path, { token, body });

const subscribe = async (path: string, more: Record<string, unknown> = {}, statuses?: number[]) => {
  if (statuses !== undefined) answers.set(path, statuses);
  const body = { url: urlOf(path), event_types: ["tenant.activated.v1"], ...more };
  const { status, body: webhook, headers } = await api("POST", "/admin/webhooks", body);
  expect(status).toBe(201);
  expect(headers.get("location")).toBe(`/admin/webhooks/${webhook.id}`);
  return webhook as { id: string; secret: string };
};

const deliveries = async (webhookId: string) =>
  (await api("GET", `/admin/webhooks/${webhookId}/deliveries`)).body.items as {
    id: string;
    event_type: string;
    status: string;
    attempts: { status_code: number | null; error: string | null }[];
    next_attempt_at: string | null;
  }[];

/** The log once its first entry is as it should be. */
const deliveredLog = async (webhookId: string, done: (status: string, attempts: number) => boolean) => {
  const [first] = await poll(
    () => deliveries(webhookId),
    ([one]) => one !== undefined && done(one.status, one.attempts.length),
  );
  return first!;
};

const signed = ({ headers }: Received) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"]),
});

const activate = async (name: string) => {
  const { accepted, operation } = await onboard(ready(), token, {
    name,
    tier: "standard",
    owner: { email: `owner@${name}.example` },
  });
  expect(operation.status).toBe("succeeded");
  return accepted.tenant as { id: string };
};

describe("an activated tenant is told of", () => {
  let hook: { id: string; secret: string };
  let other: { id: string; secret: string };
  let tenant: { id: string };

  beforeAll(async () => {
    [hook, other] = await Promise.all([
      subscribe("/valid"),
      subscribe("/other", { event_types: ["tenant.onboarding_failed.v1"] }),
    ]);
    tenant = await activate("hooked");
    await deliveredLog(hook.id, (status) => status === "succeeded");
  });

  test("as a CloudEvent whose signature verifies", () => {
    const [request] = at("/valid");
    expect(request?.headers["content-type"]).toBe("application/cloudevents+json");
    const event = new Webhook(hook.secret).verify(request!.body, signed(request!));
    expect(event).toMatchObject({
      specversion: "1.0",
      id: request?.headers["webhook-id"],
      source: "tenantry",
      type: "tenant.activated.v1",
      subject: tenant.id,
      data: { tenant_id: tenant.id },
    });
  });

  test.for([
    ["another webhook's secret", (request: Received) => [other.secret, request.body, signed(request)] as const],
    ["another body", (request: Received) => [hook.secret, `${request.body} `, signed(request)] as const],
    [
      "another id",
      (request: Received) => [hook.secret, request.body, { ...signed(request), "webhook-id": "evt_0" }] as const,
    ],
  ] as const)("and does not verify with %s", ([, forge]) => {
    const [secret, body, headers] = forge(at("/valid")[0]!);
    expect(() => new Webhook(secret).verify(body, headers)).toThrow(/No matching signature/);
  });

  test("and nobody who did not ask is told", async () => {
    expect(at("/other")).toEqual([]);
    expect(await deliveries(other.id)).toEqual([]);
  });

  test("again, when asked, under the same id", async () => {
    const before = await deliveredLog(hook.id, (status) => status === "succeeded");
    const path = `/admin/webhooks/${hook.id}/deliveries/${before.id}/redeliver`;
    const options = { token, headers: { "idempotency-key": crypto.randomUUID() } };
    const again = await send(ready(), "POST", path, options);
    expect([again.status, again.body.status]).toEqual([202, "pending"]);
    expect((await send(ready(), "POST", path, options)).text).toBe(again.text);
    const after = await deliveredLog(hook.id, (status, attempts) => status === "succeeded" && attempts === 2);
    expect(after).toMatchObject({ id: before.id, attempts: [{ status_code: 204 }, { status_code: 204 }] });
    const [first, second] = at("/valid");
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(new Webhook(hook.secret).verify(second!.body, signed(second!))).toMatchObject({ subject: tenant.id });
  });
});

describe("a receiver", () => {
  let failing: { id: string };
  let gone: { id: string };
  let moved: { id: string };
  let tenantOnly: { id: string };

  beforeAll(async () => {
    const bystander = await activate("bystander");
    [failing, gone, moved, tenantOnly] = await Promise.all([
      subscribe("/failing", {}, [500, 503, 200]),
      subscribe("/gone", {}, [410]),
      subscribe("/moved", {}, [302]),
      subscribe("/tenant-only", { tenant_id: bystander.id }),
    ]);
    await activate("retried");
  });

  test("that fails twice gets the event a third time, and the log shows it", async () => {
    const log = await deliveredLog(failing.id, (status) => status !== "pending");
    expect(log).toMatchObject({
      status: "succeeded",
      attempts: [{ status_code: 500 }, { status_code: 503 }, { status_code: 200 }],
      next_attempt_at: null,
    });
    expect(new Set(at("/failing").map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    const { body } = await api("GET", `/admin/webhooks/${failing.id}`);
    expect(body).toMatchObject({ status: "enabled", failing_since: null });
  });

  test("that says it is gone is not asked again", async () => {
    const log = await deliveredLog(gone.id, (status) => status === "failed");
    expect(log.attempts).toMatchObject([{ status_code: 410 }]);
    const { body } = await api("GET", `/admin/webhooks/${gone.id}`);
    expect(body).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    const again = await api("POST", `/admin/webhooks/${gone.id}/deliveries/${log.id}/redeliver`);
    expect([again.status, again.body.type]).toEqual([409, "/problems/state-conflict"]);
  });

  test("that was gone and is back is enabled, and sent what it missed", async () => {
    const log = await deliveredLog(gone.id, (status) => status === "failed");
    answers.set("/gone", [204]);
    const enabled = await api("POST", `/admin/webhooks/${gone.id}/enable`);
    expect(enabled).toMatchObject({ status: 200, body: { id: gone.id, status: "enabled", disabled_reason: null } });
    expect((await api("POST", `/admin/webhooks/${gone.id}/enable`)).body).toEqual(enabled.body);
    expect((await api("POST", `/admin/webhooks/${gone.id}/deliveries/${log.id}/redeliver`)).status).toBe(202);
    const after = await deliveredLog(gone.id, (status) => status === "succeeded");
    expect(after.attempts).toMatchObject([{ status_code: 410 }, { status_code: 204 }]);
  });

  test("that redirects has not taken the event", async () => {
    const log = await deliveredLog(moved.id, (_, attempts) => attempts > 0);
    expect(log.attempts[0]).toMatchObject({ status_code: 302 });
    expect(at("/redirected")).toEqual([]);
  });

  test("for one tenant hears of no other", async () => expect(await deliveries(tenantOnly.id)).toEqual([]));
});

describe("a secret that is replaced", () => {
  const verifies = (secret: string, request: Received): boolean => {
    try {
      new Webhook(secret).verify(request.body, signed(request));
      return true;
    } catch {
      return false;
    }
  };

  test("signs beside the new one for as long as was said, and not after", async () => {
    const hook = await subscribe("/rotated");
    await activate("rotated");
    const { id } = await deliveredLog(hook.id, (status) => status === "succeeded");
    const again = async (attempts: number): Promise<Received> => {
      expect((await api("POST", `/admin/webhooks/${hook.id}/deliveries/${id}/redeliver`)).status).toBe(202);
      await deliveredLog(hook.id, (status, made) => status === "succeeded" && made === attempts);
      return at("/rotated").at(-1)!;
    };
    const rotate = async (body: object) => {
      const answer = await api("POST", `/admin/webhooks/${hook.id}/rotate-secret`, body);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      return answer.body as { secret: string; previous_secrets_until: string };
    };

    const second = await rotate({});
    const hours = (Date.parse(second.previous_secrets_until) - Date.now()) / 3_600_000;
    expect(hours).toBeCloseTo(24, 0);
    const both = await again(2);
    expect([hook.secret, second.secret].map((secret) => verifies(secret, both))).toEqual([true, true]);

    const third = await rotate({ overlap_seconds: 0 });
    const one = await again(3);
    expect([hook, second, third].map(({ secret }) => verifies(secret, one))).toEqual([false, false, true]);
    expect((await api("GET", `/admin/webhooks/${hook.id}`)).text).not.toContain("whsec_");
  });

  test.for([{ overlap_seconds: -1 }, { overlap_seconds: 604_801 }, { overlap_seconds: "1" }, { forever: true }])(
    "not by %j",
    async (body) => {
      const { id } = await subscribe("/none");
      const answer = await api("POST", `/admin/webhooks/${id}/rotate-secret`, body);
      expect([answer.status, answer.body.type]).toEqual([400, "/problems/invalid-request"]);
    },
  );
});

describe("a URL is refused", () => {
  test.for([
    ["plain HTTP", "http://example.com/hook"],
    ["another scheme", "ftp://example.com/hook"],
    ["no URL", "example.com"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback in one number", "https://2130706433/"],
    ["loopback in octal", "https://0177.0.0.1/"],
    ["loopback in hex", "https://0x7f.1/"],
    ["loopback in full-width digits", "https://１２７.0.0.1/"],
    ["no address", "https://0.0.0.0/"],
    ["private", "https://10.1.2.3/"],
    ["private 172", "https://172.31.255.255/"],
    ["private 192", "https://192.168.1.1:8443/"],
    ["carrier-grade NAT", "https://100.64.0.1/"],
    ["link-local", "https://169.254.1.1/"],
    ["metadata", "https://169.254.169.254/latest/meta-data/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unique local", "https://[fd00:ec2::254]/"],
    ["IPv6 link-local", "https://[fe80::1]/"],
    ["IPv4 in IPv6", "https://[::ffff:10.0.0.1]/"],
    ["IPv4 in IPv6, in hex", "https://[::ffff:7f00:1]/"],
    ["IPv4 in NAT64", "https://[64:ff9b::10.0.0.1]/"],
    ["IPv4 in 6to4", "https://[2002:a00:1::1]/"],
    ["credentials", "https://user:secret@example.com/"],
    ["a fragment", "https://example.com/#here"],
    ["a name that does not resolve", "https://receiver.invalid/"],
  ] as const)("%s", async ([, url]) => {
    const { status, body } = await api("POST", "/admin/webhooks", { url, event_types: ["tenant.activated.v1"] });
    expect([status, body.type]).toEqual([400, "/problems/webhook-url-refused"]);
    expect(body.errors).toEqual([{ pointer: "/url", detail: expect.any(String) }]);
  });
});

describe("webhooks", () => {
  test("are listed and shown without their secret, until they are deleted", async () => {
    const { id, secret } = await subscribe("/listed", { description: "For the list" });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const one = await api("GET", `/admin/webhooks/${id}`);
    expect(one.body).toMatchObject({ id, description: "For the list", tenant_id: null, status: "enabled" });
    const list = await poll(
      () => api("GET", "/admin/webhooks?limit=100"),
      ({ body }) => body.items.some((item: { id: string }) => item.id === id),
    );
    expect(list.body.items.map((item: { id: string }) => item.id)).toContain(id);
    expect(one.text + list.text).not.toContain("whsec_");

    const page = await api("GET", "/admin/webhooks?limit=1");
    expect(page.body.items).toHaveLength(1);
    const next = await api("GET", `/admin/webhooks?limit=1&cursor=${encodeURIComponent(page.body.next_cursor)}`);
    expect(next.body.items[0].id).not.toBe(page.body.items[0].id);

    expect((await api("DELETE", `/admin/webhooks/${id}`)).body).toMatchObject({ id });
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/deliveries"],
      ["POST", "/enable"],
      ["POST", "/deliveries/dlv_01JD5V8QA4F6H8K0N2Q4S6T8W0/redeliver"],
    ] as const) {
      const { status, body } = await api(method, `/admin/webhooks/${id}${path}`);
      expect([status, body.type]).toEqual([404, "/problems/webhook-not-found"]);
    }
  });

  test.for([
    [{ event_types: [] }, 400, "invalid-request"],
    [{ event_types: ["tenant.unknown.v1"] }, 400, "invalid-request"],
    [{ event_types: ["tenant.activated.v1", "tenant.activated.v1"] }, 400, "invalid-request"],
    [{ extra: 1 }, 400, "invalid-request"],
    [{ tenant_id: "ten_01JD0000000000000000000000" }, 404, "tenant-not-found"],
  ] as const)("do not take %j", async ([more, status, code]) => {
    const body = { url: urlOf("/bad"), event_types: ["tenant.activated.v1"], ...more };
    const answer = await api("POST", "/admin/webhooks", body);
    expect([answer.status, answer.body.type]).toEqual([status, `/problems/${code}`]);
  });

  test("have no delivery of another's", async () => {
    const { id } = await subscribe("/none");
    const path = `/admin/webhooks/${id}/deliveries/dlv_01JD5V8QA4F6H8K0N2Q4S6T8W0/redeliver`;
    const { status, body } = await api("POST", path);
    expect([status, body.type]).toEqual([404, "/problems/webhook-delivery-not-found"]);
  });

  test("are nobody's without a token", async () => {
    const { status } = await send(ready(), "POST", "/admin/webhooks", { body: {} });
    expect(status).toBe(401);
  });
});
