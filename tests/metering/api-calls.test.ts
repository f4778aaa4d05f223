import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// From a request to the API, by its access log, to the usage answer.

test("each request of a tenant that is let in counts once, by its id, and no other does", async () => {
  const admin = await signIn(ready());
  const tenant = await aTenantWithOwner(ready(), admin, `Calls ${randomUUID().slice(0, 8)}`, "standard");
  const owner = await acceptInvitation(ready(), tenant.email, ready().client_id);
  const range = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date(Date.now() + 3_600_000).toISOString()}`;
  const path = `/admin/tenants/${tenant.id}/usage?metric=api_calls&window=month&${range}`;
  const counted = async () => {
    const { body } = await send(ready(), "GET", path, { token: admin });
    return (body.buckets as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
  };
  const statuses: Record<number, number> = {};
  const ids: string[] = [];
  const ask = async (method: string, where: string, token?: string, body?: unknown) => {
    const answer = await send(ready(), method, where, {
      headers: { "user-agent": '"}' },
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    });
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    ids.push(answer.headers.get("x-request-id") ?? "");
  };

  // 40 that count: answers, and errors of the client's own.
  await Promise.all(Array.from({ length: 30 }, () => ask("GET", path, owner)));
  for (let n = 0; n < 5; n++) await ask("GET", `/admin/tenants/${tenant.id}/usage?metric=coffee`, owner);
  for (let n = 0; n < 5; n++) await ask("GET", path.replace(tenant.id, "ten_01JD0000000000000000000000"), owner);
  expect(statuses).toEqual({ 200: 30, 400: 5, 404: 5 });
  // These do not: refused, nobody's, and the platform's own.
  for (let n = 0; n < 5; n++) {
    await ask("GET", "/admin/tenants", owner);
    await ask("GET", path, "no.such.token");
    await ask("GET", "/health");
    await ask("GET", path, admin);
  }
  expect(statuses).toEqual({ 200: 40, 400: 5, 401: 5, 403: 5, 404: 5 });

  expect(await poll(counted, (count) => count >= 40)).toBe(40);
  // The log says it again: the id is known.
  const kinesis = new KinesisClient(operator(ready()));
  const event = {
    id: ids[0],
    tenant_id: tenant.id,
    metric: "api_calls",
    value: 1,
    timestamp: new Date().toISOString(),
  };
  for (const id of [ids[0], ids[39], randomUUID()])
    await kinesis.send(
      new PutRecordCommand({
        StreamName: ready().usage_stream,
        PartitionKey: tenant.id,
        Data: Buffer.from(JSON.stringify({ ...event, id })),
      }),
    );
  kinesis.destroy();
  expect(await poll(counted, (count) => count >= 41)).toBe(41);
  await sleep(2500);
  expect(await counted()).toBe(41);
});
