import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** Somebody whom the server knows by a bearer token. */
export type KubernetesUser = { readonly token: string; readonly name: string; readonly groups: readonly string[] };

/**
 * A real `kube-apiserver` on its `etcd`, from the binaries in `assets`, with these users; `token` is an
 * administrator's.
 */
export const startKubernetes = async (assets: string, users: readonly KubernetesUser[] = []) => {
  const folder = mkdtempSync(join(tmpdir(), "kubernetes-"));
  const at = (name: string) => join(folder, name);
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(at("sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }));
  const known = [{ token: "token", name: "admin", groups: ["system:masters"] }, ...users];
  const tokens = known.map(({ token, name, groups }, uid) => `${token},${name},${uid},"${groups.join(",")}"\n`);
  writeFileSync(at("tokens.csv"), tokens.join(""));

  const run = (name: string, flags: Readonly<Record<string, string | number>>) =>
    spawn(
      join(assets, name),
      Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
      { stdio: "ignore" },
    );
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const etcd = run("etcd", {
    "data-dir": at("etcd"),
    "listen-client-urls": url(client),
    "advertise-client-urls": url(client),
    "listen-peer-urls": url(peer),
  });
  const api = run("kube-apiserver", {
    "etcd-servers": url(client),
    "secure-port": secure,
    "bind-address": "127.0.0.1",
    "cert-dir": at("certs"),
    "service-account-issuer": "https://kubernetes.test",
    "service-account-signing-key-file": at("sa.key"),
    "service-account-key-file": at("sa.key"),
    "token-auth-file": at("tokens.csv"),
    "authorization-mode": "RBAC",
    "disable-admission-plugins": "ServiceAccount",
  });
  const endpoint = `https://127.0.0.1:${secure}`;
  const healthy = () =>
    spawnSync("curl", ["-skf", "-H", "Authorization: Bearer token", `${endpoint}/healthz`]).status === 0;
  for (let tries = 0; !healthy(); tries++) {
    if (tries === 150) throw new Error("The Kubernetes API did not start.");
    await sleep(200);
  }
  return {
    endpoint,
    token: "token",
    ca: readFileSync(at("certs/apiserver.crt"), "utf8"),
    async stop() {
      for (const process of [api, etcd]) {
        process.kill("SIGKILL");
        await new Promise((resolve) => process.once("close", resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
