import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { freePort, isFree } from "../port.ts";

export type PostgresAddress = { readonly host: string; readonly port: number };

/**
 * Where the database server of a data folder will listen. The port is remembered beside the data, so that it is the same
 * on each start; another is chosen only when somebody else holds it now.
 */
export const postgresAddress = async (data: string): Promise<PostgresAddress> => {
  const file = path.join(data, "postgres.port");
  const remembered = Number(await readFile(file, "utf8").catch(() => "0"));
  const host = "127.0.0.1";
  if (Number.isInteger(remembered) && remembered > 0 && (await isFree(remembered))) return { host, port: remembered };
  const port = await freePort();
  await mkdir(data, { recursive: true });
  await writeFile(file, `${port}\n`);
  return { host, port };
};
