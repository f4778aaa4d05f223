import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What `<data>/ready.json` tells other programs about a running cloud. */
export type Ready = {
  api_url: string;
  aws_endpoint_url: string;
  region: string;
  user_pool_id: string;
  client_id: string;
  usage_stream: string;
  /** The state machine that rebuilds usage from its archive and compares. */
  rebuild_state_machine: string;
  /** Where WebSocket clients watch operations. */
  task_status_url: string;
  /** The folder that keeps everything. */
  data: string;
  admin: { email: string; password: string };
};

const fileIn = (data: string): string => join(data, "ready.json");

/** Appears whole or not at all: whoever waits for the file may read it at once. */
export const writeReady = (data: string, ready: Ready): void => {
  const draft = `${fileIn(data)}.tmp`;
  writeFileSync(draft, `${JSON.stringify(ready, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileIn(data));
};

export const removeReady = (data: string): void => rmSync(fileIn(data), { force: true });

/** @throws Error in one line when no cloud is ready there. */
export const readReady = (data: string): Ready => {
  try {
    return JSON.parse(readFileSync(fileIn(data), "utf8")) as Ready;
  } catch {
    throw new Error(
      `No cloud is running with its data in ${data}: run npm start first, or name the folder with --data.`,
    );
  }
};
