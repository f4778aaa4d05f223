import { readFile } from "node:fs/promises";
import {
  DeleteDBClusterCommand,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { GetSecretValueCommand, RotateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorityFile, postgres } from "../engines/postgres.ts";
import { graphOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import type { ClusterRecord } from "./rds-model.ts";
import { secretsManager } from "./secrets/part.ts";

const place = "us-east-1:123456789012";
const secretArn = `arn:aws:secretsmanager:${place}:secret:rds!cluster-0c5f-AbCdEf`;
const graph = graphOf({
  type: "aws:rds/cluster:Cluster",
  name: "Database",
  inputs: {
    engine: "aurora-postgresql",
    masterUsername: "postgres",
    manageMasterUserPassword: true,
    databaseName: "tenantry",
  },
  outputs: {
    arn: `arn:aws:rds:${place}:cluster:shared`,
    clusterIdentifier: "shared",
    clusterResourceId: "cluster-SHARED",
    masterUserSecrets: [{ secretArn, secretStatus: "active" }],
  },
});

let cloud: TestCloud;
const start = async (data?: string): Promise<void> => {
  cloud = await startTestCloud([secretsManager, postgres], data);
  await cloud.apply(graph);
};
const restart = async (): Promise<void> => {
  await cloud.close({ keep: true });
  await start(cloud.host.data);
};
beforeAll(() => start());
afterAll(() => cloud.close());

const secrets = () => new SecretsManagerClient(cloud.client());
const rds = () => new RDSClient(cloud.client());
const passwordNow = async (): Promise<string> => {
  const { SecretString = "{}" } = await secrets().send(new GetSecretValueCommand({ SecretId: secretArn }));
  return (JSON.parse(SecretString) as { password: string }).password;
};
const login = async (password: string): Promise<string> => {
  const ca = await readFile(authorityFile(cloud.host.data), "utf8");
  const where = { ...cloud.host.postgres, database: "tenantry", ssl: { ca } };
  const client = new Client({ ...where, user: "postgres", password });
  try {
    await client.connect();
    const { rows } = await client.query<{ db: string }>("SELECT current_database() AS db");
    return rows[0]!.db;
  } finally {
    await client.end();
  }
};

test("the stack's cluster has a password that RDS makes, in the secret that the deployment named", async () => {
  expect(await login(await passwordNow())).toBe("tenantry");
  const { DBClusters = [] } = await rds().send(new DescribeDBClustersCommand({ DBClusterIdentifier: "shared" }));
  expect(DBClusters[0]).toMatchObject({
    Port: cloud.host.postgres.port,
    MasterUserSecret: { SecretArn: secretArn, SecretStatus: "active" },
  });
});

test.for([
  ["Secrets Manager", () => secrets().send(new RotateSecretCommand({ SecretId: secretArn }))],
  [
    "RDS",
    () =>
      rds().send(
        new ModifyDBClusterCommand({
          DBClusterIdentifier: "shared",
          RotateMasterUserPassword: true,
          ApplyImmediately: true,
        }),
      ),
  ],
] as const)("rotated by %s it is another, and stays so over a restart", async ([, rotate]) => {
  const before = await passwordNow();
  await rotate();
  await expect.poll(passwordNow).not.toBe(before);
  const after = await passwordNow();
  await expect(login(before)).rejects.toThrow("password authentication failed");
  expect(await login(after)).toBe("tenantry");
  await restart();
  expect(await passwordNow()).toBe(after);
  expect(await login(after)).toBe("tenantry");
});

test("a rotation that was cut short after the server knew the password is finished at the next start", async () => {
  const version = "11111111-2222-4333-8444-555555555555";
  await cloud.host.call("secretsmanager", "PutSecretValue", {
    SecretId: secretArn,
    ClientRequestToken: version,
    SecretString: JSON.stringify({ username: "postgres", password: "half-way-there" }),
    VersionStages: ["AWSPENDING"],
  });
  const clusters = cloud.host.store.collection<ClusterRecord>("rds-clusters");
  clusters.put("shared", { ...clusters.get("shared")!, rotating: version });
  await restart();
  expect(await passwordNow()).toBe("half-way-there");
  expect(await login("half-way-there")).toBe("tenantry");
});

test("it goes with the stack only", async () => {
  await expect(
    rds().send(new DeleteDBClusterCommand({ DBClusterIdentifier: "shared", SkipFinalSnapshot: true })),
  ).rejects.toThrow("protected");
});
