import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Graph, ofType } from "@tenantry/local-cloud/deploy/graph";
import type { Ready } from "./app.ts";

/** The name of the secret that has Stripe's key. */
export const stripeSecret = "test/stripe";

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("There is no port.");
  return address.port;
};

/** Sets up exporters to servers of the tests, which need not run yet. To be called before the app is started. */
export const exporting = async (): Promise<void> => {
  const base = async () => `http://127.0.0.1:${await freePort()}`;
  process.env["BILLING_EXPORTS"] ??= JSON.stringify({
    stripe: {
      secret_arn: `arn:aws:secretsmanager:us-east-1:123456789012:secret:${stripeSecret}`,
      meters: { compute_hours: { name: "compute", per: "0.5" } },
      api_base: await base(),
    },
    marketplace: {
      product_code: "product",
      meters: { compute_hours: { name: "compute", per: "0.5" } },
      api_base: await base(),
    },
  });
};

/** The ports that the deployed exporters send to. */
export const exportPorts = (ready: Ready): { readonly stripe: number; readonly marketplace: number } => {
  const graph = JSON.parse(readFileSync(join(ready.data, "deploy/graph.json"), "utf8")) as Graph;
  const [text] = ofType(graph, "aws:lambda/function:Function").flatMap(({ inputs }) => {
    const { variables } = (inputs["environment"] ?? {}) as { variables?: Record<string, string> };
    return variables?.["BILLING_EXPORTS"] ?? [];
  });
  if (text === undefined) throw new Error("This cloud was deployed without BILLING_EXPORTS: tests/support/cloud.ts.");
  const settings = JSON.parse(text) as Record<"stripe" | "marketplace", { api_base: string }>;
  const port = (of: "stripe" | "marketplace") => Number(new URL(settings[of].api_base).port);
  return { stripe: port("stripe"), marketplace: port("marketplace") };
};
