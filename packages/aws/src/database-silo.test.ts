import { CreateDBClusterCommand, DescribeDBClustersCommand, DescribeDBInstancesCommand } from "@aws-sdk/client-rds";
import { NotReadyYet } from "@tenantry/core/provisioning/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rows, startDatabaseCloud } from "./testing/database-cloud.ts";

let world: Awaited<ReturnType<typeof startDatabaseCloud>>;
beforeAll(async () => {
  world = await startDatabaseCloud();
});
afterAll(() => world.cloud.close());

/** As the state machine does: again and again, until it is done. */
const until = async <T>(run: () => Promise<T>): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NotReadyYet) || tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

const clusters = async () => {
  const found = await world.rds.send(new DescribeDBClustersCommand({}));
  const instances = await world.rds.send(new DescribeDBInstancesCommand({}));
  return [
    ...(found.DBClusters ?? []).map(({ DBClusterIdentifier }) => DBClusterIdentifier),
    ...(instances.DBInstances ?? []).map(({ DBInstanceIdentifier }) => DBInstanceIdentifier),
  ];
};

describe("a tenant with a cluster of its own", () => {
  test("has it after some asking, with its database in it, and then no more", async () => {
    const one = world.tenant("premium");
    await expect(world.ensure(one)).rejects.toBeInstanceOf(NotReadyYet);
    const made = await until(() => world.ensure(one));
    const name = `tenant_${one.slug.replace("-", "_")}`;
    expect(made).toMatchObject({ isolation: "silo", host: "127.0.0.1", name, role: name });
    expect(made.cluster_identifier).toBe(`tenantry-test-${one.id.toLowerCase().replace("_", "-")}`);
    expect(made.port).not.toBe(world.cloud.host.postgres.port);
    expect(await world.ensure(one)).toEqual(made);
    expect(await world.secretsOf(one)).toEqual(["database"]);

    const login = await world.loginAs(one);
    expect(await rows(login, "SELECT tenant_id FROM tenant_info")).toEqual([{ tenant_id: one.id }]);
    await login.end();

    await expect(world.databases.release(one)).rejects.toBeInstanceOf(NotReadyYet);
    await until(() => world.databases.release(one));
    expect(await clusters()).toEqual([]);
    expect(await world.secretsOf(one)).toEqual([]);
  });

  test("has one of them, however often it is asked for at once, and releases it so", async () => {
    const one = world.tenant("premium");
    const many = [1, 2, 3, 4];
    const made = await Promise.all(many.map(() => until(() => world.ensure(one))));
    expect(new Set(made.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(await clusters()).toHaveLength(2);
    await Promise.all(many.map(() => until(() => world.databases.release(one))));
    expect(await clusters()).toEqual([]);
  });

  test("can be released while it is being made, and made again while it is being released", async () => {
    const one = world.tenant("premium");
    await expect(world.ensure(one)).rejects.toBeInstanceOf(NotReadyYet);
    await expect(world.databases.release(one)).rejects.toBeInstanceOf(NotReadyYet);
    await until(() => world.ensure(one));
    await until(() => world.databases.release(one));
    expect([await clusters(), await world.secretsOf(one)]).toEqual([[], []]);
    await world.databases.release(one);
  });

  test("does not take over a cluster that is not its own", async () => {
    const one = world.tenant("premium");
    await world.rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: `tenantry-test-${one.id.toLowerCase().replace("_", "-")}`,
        Engine: "aurora-postgresql",
        MasterUsername: "someone",
        MasterUserPassword: "long-enough",
      }),
    );
    await expect(world.ensure(one)).rejects.toMatchObject({ name: "NameTaken" });
  });
});
