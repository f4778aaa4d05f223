import { readFile } from "node:fs/promises";
import {
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorityFile, postgres } from "../engines/postgres.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";

let cloud: TestCloud;
let rds: RDSClient;
beforeAll(async () => {
  cloud = await startTestCloud([postgres]);
  rds = new RDSClient(cloud.client());
});
afterAll(() => cloud.close());

const create = (id: string, password = "first-password") =>
  rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: id,
      Engine: "aurora-postgresql",
      EngineVersion: "17.4",
      MasterUsername: "chief",
      MasterUserPassword: password,
      DBSubnetGroupName: "subnets",
      VpcSecurityGroupIds: ["sg-1", "sg-2"],
      ServerlessV2ScalingConfiguration: { MinCapacity: 0.5, MaxCapacity: 4 },
      StorageEncrypted: true,
      Tags: [
        { Key: "owner", Value: "someone" },
        { Key: "more", Value: "<&>" },
      ],
    }),
  );
const createInstance = (id: string, cluster = id) =>
  rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: id,
      DBClusterIdentifier: cluster,
      DBInstanceClass: "db.serverless",
      Engine: "aurora-postgresql",
    }),
  );
const cluster = async (id: string) =>
  (await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }))).DBClusters![0]!;
const instance = async (id: string) =>
  (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))).DBInstances![0]!;
const available = (id: string) => expect.poll(async () => (await instance(id)).DBInstanceStatus).toBe("available");

const login = async (id: string, password: string, run = "SELECT current_user AS who") => {
  const { Endpoint, Port } = await cluster(id);
  const ca = await readFile(authorityFile(cloud.host.data), "utf8");
  const address = { host: Endpoint!, port: Port!, database: "postgres", ssl: { ca } };
  const client = new Client({ ...address, user: "chief", password });
  await client.connect();
  try {
    return (await client.query(run)).rows as unknown[];
  } finally {
    await client.end();
  }
};

describe("a cluster", () => {
  test("is created behind the call, and is a server of its own once it has an instance", async () => {
    const made = await create("one");
    expect(made.DBCluster).toMatchObject({
      Status: "creating",
      DBClusterArn: "arn:aws:rds:us-east-1:123456789012:cluster:one",
      MasterUsername: "chief",
      StorageEncrypted: true,
      VpcSecurityGroups: [
        { VpcSecurityGroupId: "sg-1", Status: "active" },
        { VpcSecurityGroupId: "sg-2", Status: "active" },
      ],
      TagList: [
        { Key: "owner", Value: "someone" },
        { Key: "more", Value: "<&>" },
      ],
    });
    expect(JSON.stringify(made)).not.toContain("first-password");
    expect((await createInstance("one")).DBInstance?.DBInstanceStatus).toBe("creating");
    await available("one");
    const found = await cluster("one");
    expect(found).toMatchObject({ Status: "available", DBClusterMembers: [{ DBInstanceIdentifier: "one" }] });
    expect(found.Port).not.toBe(cloud.host.postgres.port);
    expect(await login("one", "first-password")).toEqual([{ who: "chief" }]);
    expect(
      await login(
        "one",
        "first-password",
        "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
      ),
    ).toEqual([{ rolsuper: false, rolcreatedb: true, rolcreaterole: true }]);
  });

  test("takes a new password", async () => {
    await rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: "one", MasterUserPassword: "second-password" }));
    expect(await login("one", "second-password")).toEqual([{ who: "chief" }]);
    await expect(login("one", "first-password")).rejects.toThrow(/password authentication failed/);
  });

  test("and its instance exist once", async () => {
    await expect(create("one")).rejects.toMatchObject({ name: "DBClusterAlreadyExistsFault" });
    await expect(createInstance("one")).rejects.toMatchObject({ name: "DBInstanceAlreadyExistsFault" });
  });

  test("keeps its address, its data and its password over a restart", async () => {
    await login("one", "second-password", "CREATE TABLE kept AS SELECT 1 AS id");
    const before = await cluster("one");
    const { data } = cloud.host;
    await cloud.close({ keep: true });
    cloud = await startTestCloud([postgres], data);
    rds = new RDSClient(cloud.client());
    expect(await cluster("one")).toEqual(before);
    expect(await login("one", "second-password", "SELECT id FROM kept")).toEqual([{ id: 1 }]);
  });

  test("is deleted after its instance, behind the call", async () => {
    const remove = () => rds.send(new DeleteDBClusterCommand({ DBClusterIdentifier: "one", SkipFinalSnapshot: true }));
    await expect(remove()).rejects.toMatchObject({ name: "InvalidDBClusterStateFault" });
    const { Endpoint, Port } = await cluster("one");
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: "one", SkipFinalSnapshot: true }));
    expect((await remove()).DBCluster?.Status).toBe("deleting");
    await expect.poll(() => cluster("one").catch((error: Error) => error.name)).toBe("DBClusterNotFoundFault");
    await expect(instance("one")).rejects.toMatchObject({ name: "DBInstanceNotFoundFault" });
    await expect(new Client({ host: Endpoint!, port: Port! }).connect()).rejects.toThrow(/ECONNREFUSED/);
  });
});

test.for([
  ["no lawful name", { DBClusterIdentifier: "1two" }],
  ["another engine", { Engine: "aurora-mysql" }],
  ["too short a password", { MasterUserPassword: "short" }],
])("%s is refused", async ([, wrong]) => {
  const request = { DBClusterIdentifier: "two", Engine: "aurora-postgresql", MasterUsername: "chief" };
  await expect(
    rds.send(new CreateDBClusterCommand({ ...request, MasterUserPassword: "long-enough", ...(wrong as object) })),
  ).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("what it cannot do it names", async () => {
  const snapshot = new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: "one", DBClusterSnapshotIdentifier: "s" });
  await expect(rds.send(snapshot)).rejects.toMatchObject({
    $metadata: { httpStatusCode: 501 },
    message: expect.stringContaining("rds:CreateDBClusterSnapshot"),
  });
});

test("a role may do to which clusters its policy says", async () => {
  cloud.gateway.setGraph(
    graphOf(
      roleOf("worker", [
        { Effect: "Allow", Action: "rds:Describe*", Resource: "arn:aws:rds:us-east-1:123456789012:cluster:mine-*" },
      ]),
    ),
  );
  const mine = new RDSClient(cloud.client("worker"));
  const look = (id: string) => mine.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
  await expect(look("mine-1")).rejects.toMatchObject({ name: "DBClusterNotFoundFault" });
  await expect(look("other")).rejects.toMatchObject({ name: "AccessDenied" });
  await expect(
    mine.send(new DeleteDBClusterCommand({ DBClusterIdentifier: "mine-1", SkipFinalSnapshot: true })),
  ).rejects.toMatchObject({ name: "AccessDenied" });
});
