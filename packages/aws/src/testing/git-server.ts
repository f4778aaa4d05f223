import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether this machine has git with its HTTP backend. */
export const hasGit = (): boolean => {
  try {
    execFileSync("git", ["http-backend"], { stdio: "ignore", env: { ...process.env, REQUEST_METHOD: "GET" } });
    return true;
  } catch {
    return false;
  }
};

/** git's own HTTP backend in front of a bare repository with one commit on `main`, behind a name and a password. */
export const startGitServer = async (credentials: { username: string; password: string }) => {
  const root = mkdtempSync(join(tmpdir(), "git-server-"));
  const bare = join(root, "tenants.git");
  const git = (...args: string[]) => execFileSync("git", ["-C", bare, ...args], { encoding: "utf8" }).trim();
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", bare]);
  git("config", "http.receivepack", "true");
  const identity = ["-c", "user.name=operator", "-c", "user.email=operator@example.com"];
  const empty = git("hash-object", "-t", "tree", "-w", "/dev/null");
  git("update-ref", "refs/heads/main", git(...identity, "commit-tree", empty, "-m", "Begin"));

  let before: (request: IncomingMessage) => Promise<number | "lost" | void> = async () => undefined;
  const expected = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  const server = http.createServer((request, response) => {
    void (async () => {
      if (request.headers.authorization !== expected) {
        response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
        return;
      }
      const status = await before(request);
      if (typeof status === "number") response.writeHead(status).end();
      else backend(root, request, response, status === "lost");
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/tenants.git`,
    git,
    /** Where the repository lies, as `tenants.git`. */
    folder: root,
    /** Called before each request; a number is the status of a request that goes no further, "lost" loses its reply. */
    intercept: (hook: typeof before) => {
      before = hook;
    },
    /** A server-side hook: refuses or admits pushes. */
    hook: (name: string, script: string) =>
      writeFileSync(join(bare, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
};

/** One request through the CGI program. */
const backend = (root: string, request: IncomingMessage, response: ServerResponse, lost: boolean): void => {
  const url = new URL(request.url ?? "/", "http://git");
  const child = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "tenantry",
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      ...(request.headers["content-encoding"] && { HTTP_CONTENT_ENCODING: request.headers["content-encoding"] }),
      ...(request.headers["git-protocol"] && { GIT_PROTOCOL: String(request.headers["git-protocol"]) }),
    },
  });
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    if (lost) return void response.destroy();
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf("\r\n\r\n");
    const headers = answer.subarray(0, end).toString("utf8").split("\r\n");
    let status = 200;
    for (const line of headers) {
      const [name = "", value = ""] = line.split(/:\s*/, 2);
      if (name === "Status") status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    return void response.writeHead(status).end(answer.subarray(end + 4));
  });
};
