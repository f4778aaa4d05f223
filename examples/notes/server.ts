// A service of many tenants in sixty lines: each sees its own notes and files, and is billed for the time it takes.
import { serve } from "@hono/node-server";
import { tenantAccess } from "@tenantry/kit/hono";
import { createMeter } from "@tenantry/kit/meter";
import { tenantStorage } from "@tenantry/kit/tenant-storage";
import { tokenVerifier } from "@tenantry/kit/verify-token";
import { withTenant } from "@tenantry/kit/with-tenant";
import { Hono } from "hono";
import { Pool } from "pg";

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Set ${name}.`);
  return value;
};

const verify = tokenVerifier({
  userPools: [{ userPoolId: setting("USER_POOL_ID"), clientId: setting("USER_POOL_CLIENT_ID") }],
  ...(process.env["AWS_ENDPOINT_URL"] && { endpoint: process.env["AWS_ENDPOINT_URL"] }),
});
// PGHOST, PGUSER, PGPASSWORD and so on: the login `tenant_app`, which sees nothing until it says for whom it works.
const pool = new Pool({ max: 10 });
const meter = createMeter({ stream: setting("USAGE_STREAM") });
const app = new Hono();
const tenants = app.use(tenantAccess({ verify }));

tenants.use(async (context, next) => {
  const began = performance.now();
  await next();
  const value = Number(((performance.now() - began) / 3_600_000).toFixed(6));
  meter.record({ tenant_id: context.get("caller").tenantId, metric: "compute_hours", value });
});

tenants.get("/notes", async (context) => {
  const notes = await withTenant(pool, context.get("caller").tenantId, (db) =>
    db.query("SELECT id, body FROM notes ORDER BY id"),
  );
  return context.json(notes.rows);
});

tenants.post("/notes", async (context) => {
  const body = await context.req.text();
  const added = await withTenant(pool, context.get("caller").tenantId, (db) =>
    db.query("INSERT INTO notes (body) VALUES ($1) RETURNING id, body", [body]),
  );
  return context.json(added.rows[0], 201);
});

const files = (authorization = "") =>
  tenantStorage({ api: setting("TENANTRY_API"), token: () => authorization.replace(/^bearer +/i, "") });

tenants.put("/files/:name", async (context) => {
  const content = new Uint8Array(await context.req.arrayBuffer());
  await files(context.req.header("authorization")).put(`uploads/${context.req.param("name")}`, content);
  return context.body(null, 204);
});

tenants.get("/files", async (context) =>
  context.json(await Array.fromAsync(files(context.req.header("authorization")).list("uploads/"))),
);

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 0) }, ({ port }) =>
  process.stdout.write(`Listening on http://127.0.0.1:${port}\n`),
);
process.once("SIGTERM", () => server.close(() => void Promise.all([meter.close(), pool.end()])));
