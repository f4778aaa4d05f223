import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { testFacts, writeFixture } from "./fixture.ts";
import { type Graph, type GraphResource, ofType, zipOf } from "./graph.ts";
import { deploySst } from "./sst.ts";

const deploy = (fixture: ReturnType<typeof writeFixture>, command: "deploy" | "diff" = "diff"): Promise<Graph> =>
  deploySst({ app: fixture.app, workdir: fixture.workdir, stage: "test", facts: testFacts, command });

describe("an app that deploys", () => {
  const fixture = writeFixture();
  let graph: Graph;
  beforeAll(async () => {
    graph = await deploy(fixture, "deploy");
  }, 120_000);
  afterAll(() => fixture.remove());

  const one = (type: string): GraphResource => {
    const [resource, ...more] = ofType(graph, type);
    if (resource === undefined || more.length > 0) throw new Error(`${more.length + 1} or no resources of ${type}`);
    return resource;
  };

  test("leaves the app as it was", () => {
    expect(readdirSync(fixture.app).toSorted()).toEqual(
      [".sst", "functions", "node_modules", "package.json", "sst.config.ts", "stacks"].toSorted(),
    );
  });

  test("returns what run() returned, with the API where clients reach it", () => {
    expect(graph.outputs).toEqual({
      api: "http://127.0.0.1:4000/",
      userPool: expect.stringMatching(/^us-east-1_[A-Za-z0-9]{9}$/),
      stream: expect.stringMatching(/^fixture-test-EventsStream-[a-z]{8}$/),
    });
  });

  test("every function's zip lies where the graph says", () => {
    const functions = ofType(graph, "aws:lambda/function:Function");
    expect(functions).toHaveLength(3);
    for (const lambda of functions) expect(statSync(zipOf(graph, lambda)).size).toBeGreaterThan(100);
  });

  test("a function's environment holds the table's final name", () => {
    const [route] = ofType(graph, "aws:lambda/function:Function").filter(({ name }) => name.startsWith("ApiRoute"));
    expect(route?.inputs["environment"].variables).toMatchObject({
      TABLE: one("aws:dynamodb/table:Table").outputs["name"],
    });
  });

  test("the addresses are those of the embedded engines", () => {
    expect(one("aws:rds/cluster:Cluster").outputs).toMatchObject({ endpoint: "127.0.0.1", port: 5432 });
    expect(one("aws:eks/cluster:Cluster").outputs).toMatchObject({ endpoint: "http://127.0.0.1:4001/_eks/fixture" });
    expect(one("aws:apigateway/stage:Stage").outputs).toMatchObject({ invokeUrl: "http://127.0.0.1:4000" });
  });

  test("a secret is noted as one, and its value is real", () => {
    const version = one("aws:secretsmanager/secretVersion:SecretVersion");
    expect(version.secrets).toContain("secretString");
    const { password } = JSON.parse(version.inputs["secretString"]) as { password: string };
    expect(password).toHaveLength(32);
    expect(one("aws:rds/cluster:Cluster").inputs["masterPassword"]).toBe(password);
  });

  test("no input is left unresolved", () => {
    const unresolved = graph.resources.filter(({ inputs }) =>
      /undefined|\[object Object\]|Calling \[to/.test(JSON.stringify(inputs)),
    );
    expect(unresolved.map(({ name }) => name)).toEqual([]);
  });

  test("a second deployment yields the same names, ids and passwords", async () => {
    const again = await deploy(fixture, "diff");
    const identity = ({ resources }: Graph) =>
      resources
        .filter(({ custom, type }) => custom && !type.includes("bucketObject") && !type.includes("lambda/function"))
        .map(({ urn, id, outputs }) => [urn, id, outputs["arn"], outputs["name"], outputs["result"]])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b)));
    expect(identity(again)).toEqual(identity(graph));
  }, 120_000);
});

test("a deployment that is given up leaves no process", async () => {
  const fixture = writeFixture();
  const { app, workdir } = fixture;
  const processes = (): string[] =>
    globSync("/proc/[0-9]*/environ").filter((file) => {
      try {
        return readFileSync(file, "latin1").includes(workdir);
      } catch {
        return false; // it ended while we looked
      }
    });
  const giveUp = new AbortController();
  const deploying = deploySst({ app, workdir, stage: "test", facts: testFacts, signal: giveUp.signal });
  await vi.waitFor(() => expect(processes().length).toBeGreaterThan(2));
  giveUp.abort();
  await expect(deploying).rejects.toThrow("stopped");
  await vi.waitFor(() => expect(processes()).toEqual([]));
  fixture.remove();
});

describe("an app that does not deploy", () => {
  const failure = async (changed: Record<string, string>): Promise<string> => {
    const fixture = writeFixture(changed);
    try {
      await deploy(fixture);
      return "(deployed)";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      fixture.remove();
      expect(existsSync(fixture.workdir)).toBe(false);
    }
  };

  test.for<[what: string, main: string, message: RegExp]>([
    ["an exception, with where it was thrown", `throw new Error("no luck");`, /no luck\n\s+at stacks\/main\.ts/],
    [
      "two resources of one name",
      `for (const _ of [1, 2]) new aws.sqs.Queue("Twice");`,
      /duplicate resource URN 'urn:pulumi:test::fixture::aws:sqs\/queue:Queue::Twice'/i,
    ],
    [
      "a promise that nothing resolves",
      `new aws.sqs.Queue("Waiting", { name: new Promise<string>(() => {}) });`,
      /never completed: Waiting\[aws:sqs\/queue:Queue\] waits/,
    ],
    ["an unknown data source", `export const zone = aws.route53.getZoneOutput({ name: "x.com" }).zoneId;`, /getZone/],
    [
      "a type whose outputs nobody knows",
      `new aws.xray.EncryptionConfig("Encrypted", { type: "NONE" });`,
      /EncryptionConfig/,
    ],
    ["an existing resource", `aws.sqs.Queue.get("Theirs", "https://example.com/q");`, /existing aws:sqs.*Theirs/],
    [
      "an argument that the provider requires",
      `new aws.dynamodb.Table("T", {} as never);\nnew aws.kms.Alias("A", {} as never);`,
      /targetKeyId/,
    ],
  ])("%s", async ([, main, message]) => {
    const text = await failure({
      "stacks/main.ts": `${main}\nexport const api = { url: "" }, pool = { id: "" }, stream = { name: "" };`,
    });
    expect(text).toMatch(/^sst diff failed: /);
    expect(text).toMatch(message);
    // Paths are the app's own, and the text fits on a screen.
    expect(text).not.toMatch(/local-cloud-fixture|node_modules/);
    expect(text.split("\n").length).toBeLessThan(12);
  });

  test("a syntax error, with its place", async () => {
    expect(await failure({ "stacks/main.ts": "export const = 1" })).toMatch(
      /stacks\/main\.ts:\d+:13 Expected identifier/,
    );
  });

  test("a handler that is not there, by its name", async () => {
    const fixture = writeFixture({ "functions/echo.ts": "" });
    const { source } = fixture;
    fixture.remove();
    const main = source("stacks/main.ts").replaceAll("functions/echo", "functions/ekko");
    expect(await failure({ "stacks/main.ts": main })).toMatch(/functions\/ekko/);
  });
});
