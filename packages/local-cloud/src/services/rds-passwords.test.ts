import { readFile } from "node:fs/promises";
import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorityFile, postgres } from "../engines/postgres.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { openSeal } from "./seal.ts";
import { secretsManager } from "./secrets/part.ts";

let cloud: TestCloud;
let rds: RDSClient;
let secrets: SecretsManagerClient;
const clients = (): void => {
  rds = new RDSClient(cloud.client());
  secrets = new SecretsManagerClient(cloud.client());
};
beforeAll(async () => {
  cloud = await startTestCloud([secretsManager, postgres]);
  clients();
});
afterAll(() => cloud.close());

const managed = {
  DBClusterIdentifier: "one",
  Engine: "aurora-postgresql",
  MasterUsername: "chief",
  ManageMasterUserPassword: true,
};
const cluster = async () =>
  (await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: "one" }))).DBClusters![0]!;
const secretOf = async (): Promise<string> => (await cluster()).MasterUserSecret!.SecretArn!;
const login = async (stage?: string): Promise<unknown[]> => {
  const { Endpoint, Port } = await cluster();
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({ SecretId: await secretOf(), ...(stage ? { VersionStage: stage } : {}) }),
  );
  const { username: user, password } = JSON.parse(SecretString!) as { username: string; password: string };
  const ca = await readFile(authorityFile(cloud.host.data), "utf8");
  const client = new Client({ host: Endpoint!, port: Port!, database: "postgres", ssl: { ca }, user, password });
  await client.connect();
  try {
    return (await client.query("SELECT current_user AS who")).rows as unknown[];
  } finally {
    await client.end();
  }
};

test("RDS makes the master's password itself, and says in which secret it is", async () => {
  const made = await rds.send(new CreateDBClusterCommand(managed));
  const SecretId = made.DBCluster?.MasterUserSecret?.SecretArn;
  expect(SecretId).toMatch(/:secret:rds!cluster-/);
  await expect(
    rds.send(new CreateDBClusterCommand({ ...managed, DBClusterIdentifier: "two", MasterUserPassword: "long-enough" })),
  ).rejects.toMatchObject({ name: "InvalidParameterCombination" });
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: "one",
      DBClusterIdentifier: "one",
      DBInstanceClass: "db.serverless",
      Engine: "aurora-postgresql",
    }),
  );
  await expect.poll(() => login().catch(String)).toEqual([{ who: "chief" }]);
  expect(await secrets.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({
    OwningService: "rds",
    RotationEnabled: true,
    RotationRules: { AutomaticallyAfterDays: 7 },
  });
});

test.for([
  [
    "by RDS",
    () =>
      rds.send(
        new ModifyDBClusterCommand({
          DBClusterIdentifier: "one",
          RotateMasterUserPassword: true,
          ApplyImmediately: true,
        }),
      ),
  ],
  ["by Secrets Manager", async () => secrets.send(new RotateSecretCommand({ SecretId: await secretOf() }))],
] as const)("a rotation %s changes it, and the one before is refused", async ([, rotate]) => {
  const SecretId = await secretOf();
  const value = async () => (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  const before = await value();
  await rotate();
  await expect.poll(value).not.toBe(before);
  expect(await login()).toEqual([{ who: "chief" }]);
  await expect(login("AWSPREVIOUS")).rejects.toThrow(/password authentication failed/);
});

test("a rotation that a crash cut short is finished at the next start", async () => {
  const SecretId = await secretOf();
  const store = cloud.host.store.collection<Record<string, unknown>>("rds-clusters");
  const version = "22222222-2222-4222-8222-222222222222";
  const SecretString = JSON.stringify({ username: "chief", password: "made-before-the-crash" });
  await cloud.host.call("secretsmanager", "PutSecretValue", {
    SecretId,
    ClientRequestToken: version,
    SecretString,
    VersionStages: ["AWSPENDING"],
  });
  // As rotating leaves it before the server is told.
  const record = store.get("one")!;
  const password = openSeal(cloud.host.seed, "rds").seal("made-before-the-crash", String(record["arn"]));
  store.put("one", { ...record, rotating: version, password });
  await cloud.close({ keep: true });
  cloud = await startTestCloud([secretsManager, postgres], cloud.host.data);
  clients();
  for (const part of cloud.parts) await part.start?.();
  const { SecretString: now } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  expect(now).toBe(SecretString);
  expect(await login()).toEqual([{ who: "chief" }]);
});

test("a role may have RDS make secrets only if it may make them itself", async () => {
  const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:123456789012:${rest}`;
  const create = { Effect: "Allow", Action: "rds:CreateDBCluster", Resource: arn("rds", "cluster:*") };
  const more = [
    {
      Effect: "Allow",
      Action: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
      Resource: arn("secretsmanager", "secret:rds!cluster-*"),
    },
    { Effect: "Allow", Action: "kms:DescribeKey", Resource: arn("kms", "key/*") },
  ];
  cloud.gateway.setGraph(graphOf(roleOf("without", [create]), roleOf("with", [create, ...more])));
  const request = (role: string) =>
    new RDSClient(cloud.client(role)).send(new CreateDBClusterCommand({ ...managed, DBClusterIdentifier: "three" }));
  await expect(request("without")).rejects.toMatchObject({ name: "AccessDenied" });
  expect((await request("with")).DBCluster?.MasterUserSecret?.SecretArn).toMatch(/:secret:rds!cluster-/);
});

test("a role reaches the secrets of the clusters that its policy names by their tag", async () => {
  const arn = (name: string) => `arn:aws:rds:us-east-1:123456789012:cluster:${name}`;
  const read = (name: string, like: string) =>
    roleOf(name, [
      {
        Effect: "Allow",
        Action: "secretsmanager:GetSecretValue",
        Resource: "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster-*",
        Condition: { ArnLike: { "aws:ResourceTag/aws:rds:primaryDBClusterArn": arn(like) } },
      },
    ]);
  cloud.gateway.setGraph(graphOf(read("mine", "on*"), read("theirs", "tw*")));
  const SecretId = await secretOf();
  const get = (role: string) =>
    new SecretsManagerClient(cloud.client(role)).send(new GetSecretValueCommand({ SecretId }));
  expect((await get("mine")).SecretString).toContain("chief");
  await expect(get("theirs")).rejects.toMatchObject({ name: "AccessDeniedException" });
});

test("the secret goes with the cluster", async () => {
  const SecretId = await secretOf();
  await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: "one", SkipFinalSnapshot: true }));
  await rds.send(new DeleteDBClusterCommand({ DBClusterIdentifier: "one", SkipFinalSnapshot: true }));
  await expect
    .poll(() => secrets.send(new DescribeSecretCommand({ SecretId })).catch((error: Error) => error.name))
    .toBe("ResourceNotFoundException");
});
