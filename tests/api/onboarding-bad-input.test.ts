import { beforeAll, expect, test } from "vitest";
import { type Answer, onboard, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

/** What an onboarding and what belongs to it must refuse. That a quota is used up is in `tests/e2e/gitops.test.ts`. */

const run = crypto.randomUUID().slice(0, 8);
let admin: string;
let owner: string;
let succeeded: { id: string; status: string };

beforeAll(async () => {
  admin = await signIn(ready());
  const [{ operation }, { email }] = await Promise.all([
    onboard(ready(), admin, { name: `Refused A ${run}`, tier: "trial" }),
    aTenantWithOwner(ready(), admin, `Refused B ${run}`, "trial"),
  ]);
  owner = await acceptInvitation(ready(), email, ready().client_id);
  succeeded = operation;
});

const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(ready(), "POST", path, { token: admin, body, headers });
const register = (more: object, headers?: Record<string, string>) =>
  post("/admin/tenants", { name: `Never ${run}`, tier: "trial", ...more }, headers);
const subscribe = (url: string) => post("/admin/webhooks", { url, event_types: ["tenant.activated.v1"] });

test.for<[name: string, ask: () => Promise<Answer>, status: number, code: string, pointer: string | null]>([
  [
    "a region not offered",
    () => register({ config: { region: "moon-1", features: [] } }),
    400,
    "invalid-request",
    "/config/region",
  ],
  [
    "a feature unknown to the tier",
    () => register({ config: { region: "us-east-1", features: ["analytics", "sso"] } }),
    400,
    "invalid-request",
    "/config/features/1",
  ],
  [
    "an owner's mail without a host",
    () => register({ owner: { email: "a@" } }),
    400,
    "invalid-request",
    "/owner/email",
  ],
  [
    "an owner's mail with a second address",
    () => register({ owner: { email: "a@b.example, c@d.example" } }),
    400,
    "invalid-request",
    "/owner/email",
  ],
  [
    "an owner's mail with a line break",
    () => register({ owner: { email: "a@b.example\r\nBcc: c@d.example" } }),
    400,
    "invalid-request",
    "/owner/email",
  ],
  [
    "an Idempotency-Key of 300 characters",
    () => register({}, { "idempotency-key": "k".repeat(300) }),
    400,
    "invalid-request",
    "header:idempotency-key",
  ],
  ["a webhook on a private address", () => subscribe("https://10.0.0.7/hook"), 400, "webhook-url-refused", "/url"],
  [
    "a webhook on the metadata address",
    () => subscribe("https://169.254.169.254/"),
    400,
    "webhook-url-refused",
    "/url",
  ],
  ["a webhook that is not https", () => subscribe("http://example.com/hook"), 400, "webhook-url-refused", "/url"],
  [
    "an operation of another tenant",
    () => send(ready(), "GET", `/admin/operations/${succeeded.id}`, { token: owner }),
    404,
    "operation-not-found",
    null,
  ],
  [
    "a retry of a succeeded operation",
    () => post(`/admin/operations/${succeeded.id}/retry`),
    409,
    "state-conflict",
    null,
  ],
  [
    "a cancellation of a succeeded operation",
    () => post(`/admin/operations/${succeeded.id}/cancel`),
    409,
    "state-conflict",
    null,
  ],
])("%s is a problem with a page", async ([, ask, status, code, pointer]) => {
  expect(succeeded.status).toBe("succeeded");
  const answer = await ask();
  expect([answer.status, answer.body.type], answer.text).toEqual([status, `/problems/${code}`]);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const errors = (answer.body.errors ?? []) as { pointer: string }[];
  expect(errors.map((one) => one.pointer)).toEqual(pointer === null ? [] : [pointer]);
  const page = await send(ready(), "GET", answer.body.type);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
  expect(page.text).toContain(answer.body.title);
});

test("nothing was made of any of it", async () => {
  const { body } = await send(ready(), "GET", "/admin/tenants?limit=100", { token: admin });
  expect(body.items.map(({ name }: { name: string }) => name)).not.toContain(`Never ${run}`);
});
