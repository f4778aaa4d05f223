import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { type Graph, type GraphResource, ofType, zipOf } from "@tenantry/local-cloud/deploy/graph";
import { routes } from "@tenantry/contract/routes";
import { sharedRequests, tierNames, tiers } from "@tenantry/core/tenant/tier";
import { unzipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { deploy, discard, settings } from "./deployment.ts";
import * as checks from "./checks.ts";
import { temporaryFolder } from "../support/app.ts";

let dev: Graph;
let production: Graph;

/** What is deployed only where it is asked for. */
const optional = {
  ALARM_EMAIL: "ops@example.com",
  BILLING_EXPORTS: JSON.stringify({
    stripe: { secret_arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:stripe", meters: {} },
    marketplace: { product_code: "product", meters: { storage_gb: { name: "storage" } } },
  }),
};

beforeAll(async () => {
  dev = await deploy("dev");
  production = await deploy("production", { env: { ...settings, ...optional } });
});

const { unprotectedData, ...always } = checks;

describe.for(["dev", "production"] as const)("a deployment to %s", (stage) => {
  const graph = () => (stage === "dev" ? dev : production);

  test.for(Object.entries(always))("has no %s", ([, check]) => expect(check(graph())).toEqual([]));

  test("tells of every alarm at one topic, which mails whom the settings name", () => {
    const topics = ofType(graph(), "aws:sns/topic:Topic").map(({ outputs }) => outputs["arn"]);
    expect(topics).toHaveLength(1);
    const alarms = ofType(graph(), "aws:cloudwatch/metricAlarm:MetricAlarm");
    expect(alarms.length).toBe(stage === "dev" ? 5 : 6);
    for (const { name, inputs } of alarms)
      expect([name, inputs["alarmActions"], inputs["okActions"]]).toEqual([name, topics, topics]);
    const mailed = ofType(graph(), "aws:sns/topicSubscription:TopicSubscription").map(
      ({ inputs }) => inputs["endpoint"],
    );
    expect(mailed).toEqual(stage === "dev" ? [] : [optional.ALARM_EMAIL]);
  });

  test("routes every operation of the contract", () =>
    expect(ofType(graph(), "aws:apigateway/method:Method")).toHaveLength(Object.keys(routes).length));

  test("answers in problems from the gateway too", () => {
    const responses = ofType(graph(), "aws:apigateway/response:Response");
    const types = responses.map(({ inputs }) => inputs["responseType"]);
    for (const type of [
      "UNAUTHORIZED",
      "ACCESS_DENIED",
      "MISSING_AUTHENTICATION_TOKEN",
      "REQUEST_TOO_LARGE",
      "THROTTLED",
      "QUOTA_EXCEEDED",
      "DEFAULT_4XX",
      "DEFAULT_5XX",
    ])
      expect(types).toContain(type);
    for (const { inputs } of responses)
      expect(JSON.parse(inputs["responseTemplates"]["application/json"])).toMatchObject({
        type: expect.any(String),
        status: Number(inputs["statusCode"]),
      });
  });

  test("holds each tier to the requests that its table says, and staff to none", () => {
    const plans = ofType(graph(), "aws:apigateway/usagePlan:UsagePlan").map(({ inputs }) => [
      String(inputs["name"]).split("-").at(-1),
      {
        rate: inputs["throttleSettings"]?.rateLimit,
        burst: inputs["throttleSettings"]?.burstLimit,
        perDay: inputs["quotaSettings"]?.limit,
      },
    ]);
    expect(Object.fromEntries(plans)).toEqual({
      ...Object.fromEntries(tierNames.map((tier) => [tier, tiers[tier].requests])),
      platform: {},
      shared: sharedRequests,
    });
  });
});

/** Loads each zip in a thread of its own, with nothing but its function's environment. @returns those without handler. */
const withoutHandler = async (graph: Graph, functions: readonly GraphResource[]): Promise<string[]> => {
  const folder = temporaryFolder();
  const wrong: string[] = [];
  for (const lambda of functions) {
    const { name, inputs } = lambda;
    const home = join(folder, name);
    for (const [path, bytes] of Object.entries(unzipSync(readFileSync(zipOf(graph, lambda))))) {
      if (path.endsWith("/")) continue;
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), bytes);
    }
    const [file = "", handler = ""] = String(inputs["handler"]).split(".");
    const thread = new Worker(
      `const [file, handler] = process.argv.slice(2);
       import(file).then((code) => require("node:worker_threads").parentPort.postMessage(typeof code[handler]));`,
      {
        eval: true,
        argv: [pathToFileURL(join(home, `${file}.mjs`)).href, handler],
        env: {
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "x",
          AWS_SECRET_ACCESS_KEY: "x",
          ...inputs["environment"]?.variables,
          NODE_EXTRA_CA_CERTS: "",
        },
      },
    );
    const [exported] = await once(thread, "message").catch((error: unknown) => [String(error)]);
    await thread.terminate();
    if (exported !== "function") wrong.push(`${name}: ${inputs["handler"]} is ${exported}`);
  }
  discard(folder);
  return wrong;
};

test("zips export their handlers", async () => {
  const functions = ofType(dev, "aws:lambda/function:Function");
  expect(functions.length).toBeGreaterThan(15);
  expect(await withoutHandler(dev, functions)).toEqual([]);
  // Code that is the same to the byte, under the same names in its environment, is loaded once.
  const codeOf = (graph: Graph, lambda: GraphResource) => {
    const files = Object.entries(
      unzipSync(readFileSync(zipOf(graph, lambda)), { filter: ({ name }) => /js$/.test(name) }),
    );
    const code = files.map(([path, bytes]) => [path, createHash("sha256").update(bytes).digest("hex")]);
    return JSON.stringify([lambda.inputs["handler"], Object.keys(lambda.inputs["environment"]?.variables ?? {}), code]);
  };
  const loaded = new Set(functions.map((lambda) => codeOf(dev, lambda)));
  const others = ofType(production, "aws:lambda/function:Function");
  expect(others.length).toBeGreaterThan(15);
  expect(
    await withoutHandler(
      production,
      others.filter((lambda) => !loaded.has(codeOf(production, lambda))),
    ),
  ).toEqual([]);
});

test.for(["authorizer", "authorize"])("the bundle of %s stays small: every request waits for it to load", (file) => {
  const [lambda] = ofType(production, "aws:lambda/function:Function").filter(
    ({ inputs }) => inputs["handler"] === `${file}.handler`,
  );
  if (lambda === undefined) throw new Error(`No function's handler is in ${file}.`);
  const code = Object.values(unzipSync(readFileSync(zipOf(production, lambda))));
  expect(code.reduce((bytes, { length }) => bytes + length, 0)).toBeLessThan(60_000);
});

test("production keeps its data", () => expect(unprotectedData(production)).toEqual([]));

test("production has a web ACL before the API", () =>
  expect(ofType(production, "aws:wafv2/webAclAssociation:WebAclAssociation")).toHaveLength(1));

test("the list of resources is the reviewed one", async () => {
  const listed = (graph: Graph) =>
    graph.resources
      .filter(({ custom }) => custom)
      .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
      .toSorted();
  await expect(listed(dev).join("\n")).toMatchFileSnapshot("__snapshots__/dev.txt");
  await expect(listed(production).join("\n")).toMatchFileSnapshot("__snapshots__/production.txt");
});
