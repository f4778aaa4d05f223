/** A test of the tests: each slip in the stacks is seen, by the deployment itself or by a check on its graph. */
import type { Graph } from "@tenantry/local-cloud/deploy/graph";
import { beforeAll, describe, expect, test } from "vitest";
import {
  foreignPools,
  invalidWorkflows,
  undeclaredKeys,
  unguardedRoutes,
  unlimitedRoutes,
  unresolvedInputs,
  unreachableDestinations,
  wideTrust,
  wildcards,
} from "./checks.ts";
import { brokenApp, deploy, discard, type Slip } from "./deployment.ts";

const fails = async (slip: Slip): Promise<string> => {
  const app = brokenApp(slip);
  try {
    await deploy("dev", { app });
    return "(deployed)";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    discard(app);
  }
};

test.for<[name: string, slip: Slip, message: RegExp]>([
  [
    "a handler that is no file",
    { file: "stacks/metering.ts", from: "metering/meter-usage.handler", to: "metering/metre-usage.handler" },
    /metre-usage/,
  ],
  [
    "two components of one name",
    { file: "stacks/buckets.ts", from: 'Bucket("UsageArchive"', to: 'Bucket("TenantData"' },
    /TenantData/,
  ],
  [
    "a static import in sst.config.ts",
    { file: "sst.config.ts", from: "export default", to: 'import "./stacks/functions";\nexport default' },
    /import/i,
  ],
  [
    "a syntax error",
    { file: "stacks/tables.ts", from: "export const usageTable =", to: "export const usageTable ==" },
    /tables\.ts/,
  ],
  [
    "an exception",
    { file: "stacks/mail.ts", from: "export const mail", to: 'throw new Error("no mail today");\nexport const mail' },
    /no mail today/,
  ],
  [
    "a value that never comes",
    { file: "stacks/secrets.ts", from: "secretString: key.result", to: "secretString: new Promise<string>(() => {})" },
    /never/,
  ],
])("%s does not deploy", async ([, slip, message]) => expect(await fails(slip)).toMatch(message));

test("a setting that is missing does not deploy, and is named", async () => {
  await expect(deploy("dev", { env: { MAIL_SENDER: "no-reply@example.com" } })).rejects.toThrow(/PLATFORM_ADMIN_EMAIL/);
});

/** Slips that deploy. They are independent, so one deployment holds them all. */
const seen: [name: string, slip: Slip, check: (graph: Graph) => string[], violation: RegExp][] = [
  [
    "a route without the authorizer",
    { file: "stacks/api.ts", from: "route.permission === null ?", to: "route.permission !== null ?" },
    unguardedRoutes,
    /\/admin\/tenants/,
  ],
  [
    "a route that counts nobody's requests",
    { file: "stacks/api.ts", from: ", apiKey: true }", to: " }" },
    unlimitedRoutes,
    /asks for no key/,
  ],
  [
    "a role that trusts more than Lambda",
    {
      file: "stacks/functions.ts",
      from: '{ Service: "lambda.amazonaws.com" }',
      to: '{ Service: "ec2.amazonaws.com" }',
    },
    wideTrust,
    /ec2/,
  ],
  [
    "a wildcard in a permission",
    { file: "stacks/metering.ts", from: 'allow(["dynamodb:PutItem"], q', to: 'allow(["dynamodb:*"], q' },
    wildcards,
    /dynamodb:\*/,
  ],
  [
    "user pools of other deployments",
    {
      file: "stacks/identity.ts",
      from: "[allow(actions, pool.arn), onOurPools(actions)]",
      to: "[allow(actions, anyPool), onOurPools(actions)]",
    },
    foreignPools,
    /may cognito-idp:CreateIdentityProvider on every user pool/,
  ],
  [
    "a key attribute that no index uses",
    {
      file: "stacks/tables.ts",
      from: 'fields: { pk: "string", sk: "string" },',
      to: 'fields: { pk: "string", sk: "string", day: "string" },',
    },
    undeclaredKeys,
    /day/,
  ],
  [
    "an argument that is undefined",
    {
      file: "stacks/mail.ts",
      from: "sender: mailSender",
      to: "sender: `${(mailSender as { domain?: string }).domain}@example.com`",
    },
    unresolvedInputs,
    /undefined/,
  ],
  [
    "a state machine that leads nowhere",
    { file: "workflows/render-asl.ts", from: "{ Next: state.next }", to: "{ Next: `${state.next}s` }" },
    invalidWorkflows,
    /OnboardTenant/,
  ],
  [
    "a failure destination it may not write to",
    { file: "stacks/metering.ts", from: ', allow(["sqs:SendMessage"], failures.arn)]', to: "]" },
    unreachableDestinations,
    /may not send/,
  ],
];

describe("slips that deploy are seen in the graph", () => {
  let graph: Graph;

  beforeAll(async () => {
    const app = brokenApp(...seen.map(([, slip]) => slip));
    graph = await deploy("dev", { app });
    discard(app);
  });

  test.for(seen)("%s", ([, , check, violation]) => expect(check(graph).join("\n")).toMatch(violation));
});
