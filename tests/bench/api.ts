import { globSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { startCloud } from "@tenantry/local-cloud/cloud";
import { adminEmail, ensureAdmin } from "../../scripts/admin.ts";
import { brokenApp, discard } from "../infra/deployment.ts";
import { signIn } from "../support/api.ts";
import { temporaryFolder } from "../support/app.ts";
import type { Bench } from "./bench.ts";

const requests = 500;
const atOnce = 8;
const rounds = 6;

/**
 * The app with two routes to the function that does least: `/health` behind the authorizer and a usage plan, as all that is
 * not open is, and `/bench/open` without either.
 */
const twoRoutes = () =>
  brokenApp(
    {
      file: "stacks/api.ts",
      from: "route.permission === null ?",
      to: 'route.permission === null && name !== "getHealth" ?',
    },
    {
      file: "stacks/api.ts",
      from: "api.deploy();",
      to: 'api.route("GET /bench/open", { handler: "functions/api/get-health.handler" });\napi.deploy();',
    },
  );

/** Requests a second of one round. @throws Error when one is not answered with 200. */
const speed = async (url: string, authorization: () => string): Promise<number> => {
  let left = requests;
  const since = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const answer = await fetch(url, { headers: { authorization: authorization() } });
        const text = await answer.text();
        if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`);
      }
    }),
  );
  return requests / ((performance.now() - since) / 1000);
};

/** How often the authorizer's function has run, by its log. */
const asking = (data: string): number =>
  globSync(join(data, "logs/*Authorizer*.log*")).reduce(
    (count, file) => count + readFileSync(file, "utf8").split("\nREPORT ").length - 1,
    0,
  );

/** `BEARER`, `BEARER `, `bEARER`…: as many ways as are needed to write one header, which mean the same. */
const spelled = (way: number, token: string): string => {
  const letters = "bearer"
    .split("")
    .map((letter, at) => ((way >> at) % 2 === 0 ? letter : letter.toUpperCase()))
    .join("");
  return `${letters}${" ".repeat(1 + (way >> 6))}${token}`;
};

/** Requests a second through the embedded API Gateway to one function, with and without the authorizer, in turns. */
export const api: Bench = {
  name: "api",
  async run() {
    const app = twoRoutes();
    const data = temporaryFolder();
    const env = { PLATFORM_ADMIN_EMAIL: adminEmail, MAIL_SENDER: "no-reply@example.com" };
    try {
      const cloud = await startCloud({ app, data, port: 0, env });
      try {
        const { outputs } = cloud.graph();
        const [userPool, client] = [String(outputs["userPool"]), String(outputs["userPoolClient"])];
        const admin = await ensureAdmin(data, { ...cloud.host, userPoolId: userPool });
        const { apiUrl, endpoint, region } = cloud.host;
        const token = await signIn({ aws_endpoint_url: endpoint, region, client_id: client, admin });

        // The gateway keeps an answer by the header as it came; to the authorizer these are all the same.
        let way = 0;
        const like = () => spelled(0, token);
        const ways = {
          open: () => speed(`${apiUrl}/bench/open`, like),
          kept: () => speed(`${apiUrl}/health`, like),
          asked: () => speed(`${apiUrl}/health`, () => spelled((way += 1), token)),
        };
        const refused = await fetch(`${apiUrl}/health`);
        if (refused.status !== 401) throw new Error(`Without a token /health answers ${refused.status}.`);

        for (const each of Object.values(ways)) await each(); // cold starts
        const best = { open: 0, kept: 0, asked: 0 };
        const asks = { open: 0, kept: 0, asked: 0 };
        for (let round = 0; round < rounds; round++) {
          for (const name of ["open", "kept", "asked"] as const) {
            const before = asking(data);
            best[name] = Math.max(best[name], await ways[name]());
            asks[name] += asking(data) - before;
          }
        }
        if (asks.open > 0 || asks.kept > rounds * atOnce || asks.asked < 0.95 * rounds * requests)
          throw new Error(`The authorizer was asked otherwise than measured: ${JSON.stringify(asks)}`);
        const beside = { what: "without an authorizer", value: best.open };
        const unit = "requests/s";
        return [
          { measure: `authorizer's answer kept (n = ${requests}, ${atOnce} at once)`, value: best.kept, unit, beside },
          { measure: "authorizer asked each time", value: best.asked, unit, beside },
        ];
      } finally {
        await cloud.close();
      }
    } finally {
      discard(app);
      await rm(data, { recursive: true, force: true });
    }
  },
};
