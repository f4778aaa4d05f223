/** A test of the tests: each slip in the stacks is seen, by the deployment itself or by a check on its graph. */
import type { Graph } from "@tenantry/local-cloud/deploy/graph";
import { expect, test } from "vitest";
import {
  invalidWorkflows,
  undeclaredKeys,
  unguardedRoutes,
  unresolvedInputs,
  unreachableDestinations,
  wideTrust,
  wildcards,
} from "./checks.ts";
import { brokenApp, deploy, discard } from "./deployment.ts";

const fails = async (file: string, change: (source: string) => string): Promise<string> => {
  const app = brokenApp(file, change);
  try {
    await deploy("dev", { app });
    return "(deployed)";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    discard(app);
  }
};

test.for<[slip: string, file: string, from: string, to: string, message: RegExp]>([
  [
    "a handler that is no file",
    "stacks/metering.ts",
    "metering/meter-usage.handler",
    "metering/metre-usage.handler",
    /metre-usage/,
  ],
  ["two components of one name", "stacks/buckets.ts", 'Bucket("UsageArchive"', 'Bucket("TenantData"', /TenantData/],
  [
    "a static import in sst.config.ts",
    "sst.config.ts",
    "export default",
    'import "./stacks/functions";\nexport default',
    /import/i,
  ],
  ["a syntax error", "stacks/tables.ts", "export const usageTable =", "export const usageTable ==", /tables\.ts/],
  [
    "an exception",
    "stacks/mail.ts",
    "export const mail",
    'throw new Error("no mail today");\nexport const mail',
    /no mail today/,
  ],
  [
    "a value that never comes",
    "stacks/secrets.ts",
    "secretString: key.result",
    "secretString: new Promise<string>(() => {})",
    /never/,
  ],
])("%s does not deploy", async ([, file, from, to, message]) => {
  expect(await fails(file, (source) => source.replace(from, to))).toMatch(message);
});

test("a setting that is missing does not deploy, and is named", async () => {
  await expect(deploy("dev", { env: { MAIL_SENDER: "no-reply@example.com" } })).rejects.toThrow(/PLATFORM_ADMIN_EMAIL/);
});

test.for<[slip: string, file: string, from: string, to: string, check: (graph: Graph) => string[], violation: RegExp]>([
  [
    "a route without the authorizer",
    "stacks/api.ts",
    "route.permission === null ?",
    "route.permission !== null ?",
    unguardedRoutes,
    /\/admin\/tenants/,
  ],
  [
    "a role that trusts more than Lambda",
    "stacks/functions.ts",
    '{ Service: "lambda.amazonaws.com" }',
    '{ Service: "ec2.amazonaws.com" }',
    wideTrust,
    /ec2/,
  ],
  [
    "a wildcard in a permission",
    "stacks/metering.ts",
    '"dynamodb:PutItem"], usageTable.arn',
    '"dynamodb:*"], usageTable.arn',
    wildcards,
    /dynamodb:\*/,
  ],
  [
    "a key attribute that no index uses",
    "stacks/tables.ts",
    'fields: { pk: "string", sk: "string" },',
    'fields: { pk: "string", sk: "string", day: "string" },',
    undeclaredKeys,
    /day/,
  ],
  [
    "an argument that is undefined",
    "stacks/mail.ts",
    "sender: mailSender",
    "sender: `${(mailSender as { domain?: string }).domain}@example.com`",
    unresolvedInputs,
    /undefined/,
  ],
  [
    "a state machine that leads nowhere",
    "workflows/render-asl.ts",
    "{ Next: state.next }",
    "{ Next: `${state.next}s` }",
    invalidWorkflows,
    /OnboardTenant/,
  ],
  [
    "a failure destination it may not write to",
    "stacks/metering.ts",
    'allow(["sqs:SendMessage"], failures.arn),',
    "",
    unreachableDestinations,
    /may not send/,
  ],
])("%s is seen", async ([, file, from, to, check, violation]) => {
  const app = brokenApp(file, (source) => source.replace(from, to));
  try {
    expect(check(await deploy("dev", { app })).join("\n")).toMatch(violation);
  } finally {
    discard(app);
  }
});
