import { type Route, routes } from "@tenantry/contract/routes";
import { signedIn } from "@tenantry/core/access/decide";
import { permissionsOf } from "@tenantry/core/access/policy";
import { AwsClient } from "aws4fetch";
import { beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { askAll, askJson } from "../support/aws.ts";
import { acceptInvitation, aTenantWithOwner, claimsIn } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

type Tenant = { readonly id: string; readonly token: string };

let admin: string;
let one: Tenant;
let two: Tenant;

beforeAll(async () => {
  admin = await signIn(ready());
  const tenant = async (name: string): Promise<Tenant> => {
    const { id, email } = await aTenantWithOwner(ready(), admin, name, "trial");
    return { id, token: await acceptInvitation(ready(), email, ready().client_id) };
  };
  const run = crypto.randomUUID().slice(0, 8);
  [one, two] = await Promise.all([tenant(`Once A ${run}`), tenant(`Once B ${run}`)]);
});

const post = (path: string, key: string, body?: unknown, token = admin) =>
  send(ready(), "POST", path, { token, body, headers: { "idempotency-key": key } });

const newKey = () => crypto.randomUUID();

const tableName = async (part: string): Promise<string> => {
  const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
  return TableNames.find((name: string) => name.includes(part));
};

/** Everything that stands under idempotency keys, as it lies in the table. */
const kept = async (): Promise<{ expires_at: { N: string } }[]> => {
  const TableName = await tableName("ControlTable");
  return askAll(async (token) => {
    const { Items, LastEvaluatedKey } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.Scan", {
      TableName,
      FilterExpression: "begins_with(pk, :keys)",
      ExpressionAttributeValues: { ":keys": { S: "IDEMPOTENCY#" } },
      ...(token === undefined ? {} : { ExclusiveStartKey: JSON.parse(token) as unknown }),
    });
    return { items: Items, ...(LastEvaluatedKey && { next: JSON.stringify(LastEvaluatedKey) }) };
  });
};

const hold = async (service: string, action: string, match: string, delayMs: number): Promise<void> => {
  const client = new AwsClient({
    accessKeyId: "test",
    secretAccessKey: "test",
    service: "faults",
    region: "us-east-1",
  });
  const rule = { service, action, match, kind: "delay", delayMs, times: 1 };
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const answer = await client.fetch(url, { method: "POST", body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(await answer.text());
};

const posts = Object.entries<Route>(routes).filter(([, { method }]) => method === "POST");

test("there are POSTs to look at", () => expect(posts.length).toBeGreaterThan(6));

/** Some permissions only a tenant's own users have. */
const whoMay = ({ permission }: Route): string =>
  permission === signedIn || permissionsOf(["platform-admin"]).some((held) => held === permission) ? admin : one.token;

test.for(posts)("%s reads the key before anything else", async ([, route]) => {
  const answer = await post(route.path.replaceAll(/\{\w+\}/g, "none"), "x".repeat(300), {}, whoMay(route));
  expect([answer.status, answer.body.type], answer.text).toEqual([400, "/problems/invalid-request"]);
  expect(answer.body.errors).toContainEqual({ pointer: "header:idempotency-key", detail: expect.any(String) });
});

describe("a webhook", () => {
  const body = (path: string) => ({
    url: `http://localhost:9/${path}`,
    event_types: ["tenant.compensation_failed.v1"],
    description: path,
  });
  const made = async (description: string): Promise<number> => {
    const { items } = (await send(ready(), "GET", "/admin/webhooks?limit=100", { token: admin })).body;
    return items.filter((item: { description: string }) => item.description === description).length;
  };

  test("is made once, and its secret told again to who made it", async () => {
    const [key, path] = [newKey(), newKey()];
    const first = await post("/admin/webhooks", key, body(path));
    expect(first.status, first.text).toBe(201);
    const again = await post("/admin/webhooks", key, body(path));
    expect([again.status, again.text, again.headers.get("location")]).toEqual([
      201,
      first.text,
      first.headers.get("location"),
    ]);
    const other = await post("/admin/webhooks", key, body("other"));
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
    expect(
      await poll(
        () => made(path),
        (count) => count > 0,
      ),
    ).toBe(1);
    expect(await made("other")).toBe(0);
  });

  test("whose first request is in flight is not made by the second", async () => {
    const [key, path] = [newKey(), newKey()];
    await hold("secretsmanager", "CreateSecret", "/webhooks/", 3000);
    const first = post("/admin/webhooks", key, body(path));
    const refused = await poll(
      () => post("/admin/webhooks", key, body(path)),
      ({ status }) => status === 409,
    );
    expect([refused.body.type, refused.headers.get("retry-after")]).toEqual(["/problems/idempotency-in-flight", "1"]);
    const { status, text } = await first;
    expect(status).toBe(201);
    expect((await post("/admin/webhooks", key, body(path))).text).toBe(text);
    expect(
      await poll(
        () => made(path),
        (count) => count > 0,
      ),
    ).toBe(1);
  });
});

describe("a request that died between what it did and its answer", () => {
  /** As the library leaves it: begun, by somebody whose time is over. */
  const forget = async (token: string): Promise<void> => {
    const TableName = await tableName("ControlTable");
    const { sub, org_id } = claimsIn(token);
    const { Items } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.Query", {
      TableName,
      KeyConditionExpression: "pk = :caller",
      FilterExpression: "#status = :completed",
      ExpressionAttributeNames: { "#status": "status" },
      ExpressionAttributeValues: {
        ":caller": { S: `IDEMPOTENCY#${String(org_id)}#${String(sub)}` },
        ":completed": { S: "COMPLETED" },
      },
    });
    expect(Items.length).toBeGreaterThan(0);
    for (const { pk, sk } of Items)
      await askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
        TableName,
        Key: { pk, sk },
        UpdateExpression: "SET #status = :begun, in_progress_expiration = :past REMOVE #data",
        ExpressionAttributeNames: { "#status": "status", "#data": "data" },
        ExpressionAttributeValues: { ":begun": { S: "INPROGRESS" }, ":past": { N: "1" } },
      });
  };

  test("has made a webhook, which is told when it comes again", async () => {
    const [key, path] = [newKey(), newKey()];
    const body = { url: `http://localhost:9/${path}`, event_types: ["tenant.compensation_failed.v1"] };
    const first = await post("/admin/webhooks", key, body);
    await forget(admin);
    const again = await post("/admin/webhooks", key, body);
    expect([again.status, again.body], again.text).toEqual([201, first.body]);
    await forget(admin);
    const other = await post("/admin/webhooks", key, { ...body, url: "http://localhost:9/other" });
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });

  test("has made an API key, and another in its place, whose only text the caller gets", async () => {
    const twice = async (path: string, body: object): Promise<{ id: string; key: string }> => {
      const key = newKey();
      const first = await post(path, key, body, one.token);
      await forget(one.token);
      const again = await post(path, key, body, one.token);
      expect([again.status, again.body.id], again.text).toEqual([first.status, first.body.id]);
      const status = async (text: string) => (await send(ready(), "GET", "/api/entitlements", { token: text })).status;
      expect([await status(first.body.key), await status(again.body.key)]).toEqual([401, 200]);
      return again.body;
    };
    const { id } = await twice("/api/api-keys", { name: `once ${newKey()}`, scopes: ["entitlements:read"] });
    const next = await twice(`/api/api-keys/${id}/rotate`, { overlap_seconds: 0 });
    expect(next.id).not.toBe(id);
  });

  test("has begun an impersonation", async () => {
    const path = `/admin/tenants/${one.id}/users/${String(claimsIn(one.token)["sub"])}/impersonations`;
    const [key, body] = [newKey(), { reason: "Ticket 4711: the invoice page stays empty", minutes: 5 }];
    const first = await post(path, key, body);
    await forget(admin);
    const again = await post(path, key, body);
    expect([again.status, again.body], again.text).toEqual([201, first.body]);
  });
});

describe("credentials", () => {
  const forOwn = (tenant: Tenant, key: string, seconds = 900) =>
    post("/api/storage-credentials", key, { duration_seconds: seconds }, tenant.token);

  test("are handed out again to the same caller and to nobody else", async () => {
    const key = newKey();
    const first = await forOwn(one, key);
    expect(first.status, first.text).toBe(200);
    expect((await forOwn(one, key)).text).toBe(first.text);
    expect((await forOwn(one, key, 1800)).status).toBe(422);

    const another = await forOwn(two, key);
    expect(another.status).toBe(200);
    expect(another.body.prefix).not.toBe(first.body.prefix);
    const path = `/admin/tenants/${one.id}/storage-credentials`;
    const body = { duration_seconds: 900 };
    const staff = await post(path, key, body);
    const owner = await post(path, key, body, one.token);
    const foreign = await post(path, key, body, two.token);
    expect([staff.status, owner.status]).toEqual([200, 200]);
    expect([foreign.status, foreign.body.type]).toEqual([404, "/problems/tenant-not-found"]);
    const secrets = [first, another, staff, owner].map((answer) => answer.body.secret_access_key as string);
    expect(new Set(secrets).size).toBe(4);
    expect((await post(path, key, body)).text).toBe(staff.text);
  });

  test("lie nowhere in clear, and no longer than they last", async () => {
    const before = (await kept()).length;
    const { body } = await forOwn(one, newKey());
    const items = await kept();
    expect(items).toHaveLength(before + 1);
    const text = JSON.stringify(items);
    for (const secret of [body.access_key_id, body.secret_access_key, body.session_token, "whsec_", "tenants/tenant-"])
      expect(text).not.toContain(secret);
    const end = Math.floor(Date.parse(body.expires_at) / 1000);
    expect(items.map(({ expires_at }) => Number(expires_at.N))).toContain(end);
  });
});
