import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Facts } from "./facts.ts";

const root = join(import.meta.dirname, "../../../..");

export const testFacts: Facts = {
  account: "123456789012",
  region: "us-east-1",
  endpoint: "http://127.0.0.1:4001",
  apiUrl: "http://127.0.0.1:4000",
  postgres: { host: "127.0.0.1", port: 5432 },
  seed: "ab".repeat(32),
};

// The installed platform has the project's providers, and `sst` would install others if the fixture named others.
const lock = JSON.parse(readFileSync(join(root, ".sst/provider-lock.json"), "utf8")) as {
  name: string;
  version: string;
}[];
const providers = lock.map(({ name, version }) => `${name}: { version: "${version}" }`).join(", ");

/** A small app: an API with an authorizer over a table, a stream with a consumer, a user pool, a secret, a database. */
const sources: Readonly<Record<string, string>> = {
  "package.json": `{ "name": "fixture", "private": true, "type": "module" }`,
  "sst.config.ts": `
    export default $config({
      app: () => ({ name: "fixture", home: "aws", removal: "remove", providers: { ${providers} } }),
      async run() {
        const stack = await import("./stacks/main");
        return { api: stack.api.url, userPool: stack.pool.id, stream: stack.stream.name };
      },
    });`,
  "stacks/main.ts": `
    export const table = new sst.aws.Dynamo("Things", {
      fields: { pk: "string", sk: "string" },
      primaryIndex: { hashKey: "pk", rangeKey: "sk" },
      stream: "new-and-old-images",
    });
    export const pool = new sst.aws.CognitoUserPool("Users", { usernames: ["email"] });
    pool.addClient("Web");
    export const stream = new sst.aws.KinesisStream("Events");
    stream.subscribe("Consume", { handler: "functions/echo.handler" });
    export const api = new sst.aws.ApiGatewayV1("Api");
    const authorizer = api.addAuthorizer({ name: "Session", requestFunction: "functions/echo.handler", identitySource: "method.request.header.Authorization" });
    api.route("GET /things/{id}", { handler: "functions/echo.handler", environment: { TABLE: table.name } }, { auth: { custom: authorizer.id } });
    api.deploy();
    export const database = new sst.aws.Aurora("Database", { engine: "postgres", vpc: new sst.aws.Vpc("Network") });
    const role = new aws.iam.Role("ClusterRole", { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "eks.amazonaws.com" }) });
    new aws.eks.Cluster("Cluster", { name: "fixture", roleArn: role.arn, vpcConfig: { subnetIds: [] } });`,
  "functions/echo.ts": `export const handler = async (event: unknown) => event;`,
};

/** Writes the app, some files of it changed, to a folder of its own, with the project's dependencies. */
export const writeFixture = (changed: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "local-cloud-fixture-"));
  const app = join(folder, "app");
  for (const [file, text] of Object.entries({ ...sources, ...changed })) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), text);
  }
  symlinkSync(join(root, "node_modules"), join(app, "node_modules"));
  symlinkSync(join(root, ".sst"), join(app, ".sst"));
  return {
    app,
    workdir: join(folder, "deploy"),
    source: (file: string): string => sources[file] ?? "",
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
