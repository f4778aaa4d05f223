import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { root } from "../support/app.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";
import { certificateAuthority, dropTenantTable, makeTenantTable, servicesLogin } from "../support/services.ts";

// The example service as a process of its own, called by the owners of two tenants.

type Party = { readonly id: string; readonly token: string };
const turn = Date.now().toString(36);
let service: ChildProcess;
let address: string;
let admin: string;
let a: Party;
let b: Party;

const party = async (name: string): Promise<Party> => {
  const { id, email } = await aTenantWithOwner(ready(), admin, `${name} ${turn}`, "standard");
  return { id, token: await acceptInvitation(ready(), email, ready().client_id) };
};

beforeAll(async () => {
  admin = await signIn(ready());
  [a, b] = await Promise.all([party("Notes A"), party("Notes B")]);
  await makeTenantTable(ready(), "notes", ["id int GENERATED ALWAYS AS IDENTITY", "body text NOT NULL"], ["id"]);
  const { username, password, host, port, dbname } = await servicesLogin(ready());
  service = spawn(join(root, "node_modules/.bin/node"), [join(root, "examples/notes/server.ts")], {
    env: {
      ...process.env,
      TENANTRY_API: ready().api_url,
      USER_POOL_ID: ready().user_pool_id,
      USER_POOL_CLIENT_ID: ready().client_id,
      USAGE_STREAM: ready().usage_stream,
      AWS_ENDPOINT_URL: ready().aws_endpoint_url,
      AWS_REGION: ready().region,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: username,
      PGPASSWORD: password,
      PGDATABASE: dbname,
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: certificateAuthority(ready()),
      NODE_EXTRA_CA_CERTS: certificateAuthority(ready()),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(service.stdout!, "data")) as [Buffer];
  address = /http:\S+/.exec(line.toString())?.[0] ?? "";
});

afterAll(async () => {
  service?.kill("SIGTERM");
  await dropTenantTable(ready(), "notes");
});

const call = async (who: Party | undefined, method: string, path: string, body?: string) => {
  const headers = who === undefined ? {} : { authorization: `Bearer ${who.token}` };
  const response = await fetch(`${address}${path}`, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), body: text && JSON.parse(text) };
};

test("each tenant has notes of its own", async () => {
  expect(await call(a, "POST", "/notes", "a's first")).toMatchObject({ status: 201, body: { body: "a's first" } });
  expect(await call(b, "POST", "/notes", "b's first")).toMatchObject({ status: 201, body: { body: "b's first" } });
  expect((await call(a, "GET", "/notes")).body.map(({ body }: { body: string }) => body)).toEqual(["a's first"]);
  expect((await call(b, "GET", "/notes")).body.map(({ body }: { body: string }) => body)).toEqual(["b's first"]);
});

test("and files of its own", async () => {
  expect((await call(a, "PUT", "/files/photo.png", "a's photo")).status).toBe(204);
  expect(await call(a, "GET", "/files")).toMatchObject({ status: 200, body: ["uploads/photo.png"] });
  expect(await call(b, "GET", "/files")).toMatchObject({ status: 200, body: [] });
});

test("nobody comes in without a token of the platform's", async () => {
  for (const who of [undefined, { ...a, token: `${a.token.slice(0, -4)}AAAA` }])
    expect(await call(who, "GET", "/notes")).toMatchObject({ status: 401, type: "application/problem+json" });
});

test("the time of each tenant's requests is counted for it", async () => {
  const today = new Date(Date.now() - 3_600_000).toISOString();
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const requests = async ({ id }: Party) => {
    const path = `/admin/tenants/${id}/usage?metric=compute_hours&from=${today}&to=${until}&window=month`;
    const { body } = await send(ready(), "GET", path, { token: admin });
    return (body.buckets as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
  };
  const counted = await poll(
    () => Promise.all([requests(a), requests(b)]),
    ([ofA, ofB]) => ofA >= 4 && ofB >= 3,
  );
  expect(counted).toEqual([4, 3]);
});
