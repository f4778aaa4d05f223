import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { controlTableOf, use } from "../support/billing.ts";
import { aTenantWithOwner, acceptInvitation } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// From usage events to a refusal by the API and back, through what is deployed.

type Subject = { id: string; token: string };
let admin: string;
let over: Subject;
let other: Subject;

const withOwner = async (): Promise<Subject> => {
  const { id, email } = await aTenantWithOwner(ready(), admin, `Quota ${randomUUID()}`, "standard");
  return { id, token: await acceptInvitation(ready(), email, ready().client_id) };
};

beforeAll(async () => {
  admin = await signIn(ready());
  [over, other] = [await withOwner(), await withOwner()];
});

const get = (path: string, token: string) => send(ready(), "GET", path, { token });
const put = (tenant: string, quotas: object, token = admin) =>
  send(ready(), "PUT", `/admin/tenants/${tenant}/entitlements`, { token, body: { quotas } });
/** Something that a tenant asks of the platform. */
const work = ({ token }: Subject) =>
  send(ready(), "POST", "/api/storage-credentials", { token, body: { duration_seconds: 900 } });

const eventsOf = async (tenant: string) => {
  const TableName = await controlTableOf(ready());
  const { Items } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.Scan", {
    TableName,
    ConsistentRead: true,
    FilterExpression: "#type = :type AND #subject = :tenant",
    ExpressionAttributeNames: { "#type": "type", "#subject": "subject" },
    ExpressionAttributeValues: { ":type": { S: "usage.threshold-reached.v1" }, ":tenant": { S: tenant } },
  });
  return (Items as { data: { M: Record<string, { S?: string; N?: string }> } }[])
    .map(({ data: { M } }) => `${M["quota"]?.S} ${M["threshold"]?.N}`)
    .toSorted((a, b) => (a < b ? -1 : 1));
};

describe("a hard quota", () => {
  test("is refused within 30 seconds of being reached, says when it resets, and is lifted by an override", async () => {
    expect((await work(over)).status).toBe(200);
    expect((await put(over.id, { api_calls: { soft: "100", hard: "1000" } })).status).toBe(200);
    expect((await work(over)).status).toBe(200);

    await use(ready(), over.id, [1_000_000]);
    const at = Date.now();
    const refused = await poll(
      () => work(over),
      ({ status }) => status === 429,
    );
    const took = Date.now() - at;
    const now = new Date();
    const reset = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    expect(refused.body).toMatchObject({
      type: "/problems/quota-exceeded",
      status: 429,
      resets_at: reset.toISOString(),
      detail: expect.stringContaining("api_calls (1000)"),
    });
    expect(Math.abs(Number(refused.headers.get("retry-after")) - (reset.getTime() - Date.now()) / 1000)).toBeLessThan(
      60,
    );
    expect(took).toBeLessThan(30_000);

    // The other tenant works on, as does the platform for this one; and one may still look, and take away.
    expect((await work(other)).status).toBe(200);
    expect((await get("/admin/operations", other.token)).status).toBe(200);
    const answers = async (requests: readonly (readonly [string, string])[]) =>
      Promise.all(
        requests.map(async ([method, path]) => {
          const { status, body } = await send(ready(), method, path, { token: over.token });
          return [method, path, status, status < 400 ? "" : body.type];
        }),
      );
    const refusals = [
      ["GET", "/admin/operations"],
      ["GET", "/admin/operations/op_01JD0000000000000000000000"],
      ["GET", "/admin/audit"],
      ["GET", "/api/audit"],
      ["GET", "/api/sso"],
      ["GET", `/admin/tenants/${over.id}/sso`],
      ["PUT", "/api/sso"],
      ["PATCH", "/api/users/somebody"],
      ["PUT", "/api/roles/reader"],
      ["POST", "/api/users"],
      ["POST", "/api/api-keys"],
    ] as const;
    // A function that starts and cannot learn of quotas in time lets in: each has had its time after a while.
    const all = await poll(
      () => answers(refusals),
      (found) => found.every(([, , status]) => status === 429),
    );
    expect(all).toEqual(refusals.map((each) => [...each, 429, "/problems/quota-exceeded"]));
    const range = `from=${now.toISOString().slice(0, 10)}&to=${new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10)}`;
    const open = [
      ["GET", `/api/usage?metric=api_calls&window=day&${range}`],
      ["GET", "/api/invoices"],
      ["GET", "/api/api-keys"],
      ["GET", "/api/users"],
      ["GET", "/api/roles"],
      ["GET", "/api/sessions"],
    ] as const;
    expect(await answers(open)).toEqual(open.map((each) => [...each, 200, ""]));
    const gone = await answers([
      ["DELETE", "/api/api-keys/key_01JD0000000000000000000000"],
      ["DELETE", "/api/roles/reader"],
      ["DELETE", "/api/sessions/none"],
    ]);
    expect(gone.map(([, , status]) => status)).toEqual([404, 404, 404]);
    expect(
      (
        await send(ready(), "POST", `/admin/tenants/${over.id}/storage-credentials`, {
          token: admin,
          body: { duration_seconds: 900 },
        })
      ).status,
    ).toBe(200);
    const own = await get("/api/entitlements", over.token);
    expect(own.body).toMatchObject({ tenant_id: over.id, resets_at: reset.toISOString() });
    expect(own.body.entitlements.find(({ meter }: { meter: string }) => meter === "api_calls")).toMatchObject({
      source: "override",
      hard: "1000",
      status: "hard-reached",
    });
    expect(await eventsOf(over.id)).toEqual(["hard 100", "hard 80", "soft 100", "soft 80"]);

    await put(over.id, { api_calls: { soft: "100", hard: "100000000" } });
    const lifted = await poll(
      () => work(over),
      ({ status }) => status === 200,
    );
    expect(lifted.status).toBe(200);
    expect(await eventsOf(over.id)).toEqual(["hard 100", "hard 80", "soft 100", "soft 80"]);
  });

  test("is the platform's to change, and names what it refuses", async () => {
    expect((await put(over.id, {}, over.token)).status).toBe(403);
    const unknown = await put(over.id, { coffee: { soft: "1", hard: null } });
    expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([400, "/quotas/coffee"]);
    const negative = await put(over.id, { api_calls: { soft: "-1", hard: null } });
    expect([negative.status, negative.body.errors[0].pointer]).toEqual([400, "/quotas/api_calls/soft"]);
    expect((await get(`/admin/tenants/${over.id}/entitlements`, other.token)).status).toBe(404);
  });
});
