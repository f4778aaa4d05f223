import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { Ready } from "./app.ts";

/** The password of the engines' superuser, which only whoever reads the data folder can derive. */
const password = (ready: Ready): string =>
  createHmac("sha256", Buffer.from(readFileSync(join(ready.data, "seed"), "utf8").trim(), "hex"))
    .update("postgres superuser")
    .digest("base64url");

/** Runs something as the database engine's superuser, whom no row-level security holds. */
export const asSuperuser = async <T>(
  ready: Ready,
  database: string,
  run: (client: Client) => Promise<T>,
  port = Number(readFileSync(join(ready.data, "postgres.port"), "utf8")),
): Promise<T> => {
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: "rdsadmin",
    password: password(ready),
    database,
    ssl: { ca: readFileSync(join(ready.data, "ca.pem"), "utf8") },
  });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
};
