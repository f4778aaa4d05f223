import WebSocket from "ws";
import type { Ready } from "./app.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came
export type Message = any;

/** A watcher of `task-status`, as `docs/websocket.md` tells clients to be: what comes twice counts once. */
export type Watcher = {
  /** In the order in which they came, without repetitions. */
  readonly changes: Message[];
  /** Everything that is no change: answers and problems. */
  readonly answers: Message[];
  /** How many came that were known already. */
  repeated(): number;
  send(message: object | string): void;
  close(): Promise<void>;
};

const keyOf = ({ operation_id, seq, step }: Message): string => `${operation_id} ${seq} ${step}`;

const open = (ready: Ready, token: string, how: "header" | "query"): WebSocket =>
  how === "header"
    ? new WebSocket(ready.task_status_url, { headers: { authorization: `Bearer ${token}` } })
    : new WebSocket(`${ready.task_status_url}?access_token=${token}`);

/** The status that a handshake is answered with: 101 when it is accepted. */
export const handshake = (url: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on("error", reject);
    socket.on("open", () => {
      socket.close();
      resolve(101);
    });
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
  });

/** Connects. `known` is what the client has from before: it goes on from there. */
export const watch = async (
  ready: Ready,
  token: string,
  { known = [], how = "header" }: { known?: readonly Message[]; how?: "header" | "query" } = {},
): Promise<Watcher> => {
  const socket = open(ready, token, how);
  const changes: Message[] = [];
  const answers: Message[] = [];
  const seen = new Set(known.map(keyOf));
  let repeated = 0;
  socket.on("message", (data) => {
    const message: Message = JSON.parse((data as Buffer).toString("utf8"));
    if (message.type !== "task-status") answers.push(message);
    else if (seen.has(keyOf(message))) repeated += 1;
    else {
      seen.add(keyOf(message));
      changes.push(message);
    }
  });
  await new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  return {
    changes,
    answers,
    repeated: () => repeated,
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    close: () =>
      new Promise((resolve) => {
        socket.on("close", () => resolve());
        socket.close();
      }),
  };
};
