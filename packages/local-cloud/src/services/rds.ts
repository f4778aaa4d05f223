import { randomBytes } from "node:crypto";
import type { DedicatedServers } from "../engines/postgres/dedicated.ts";
import type { GraphResource } from "../deploy/graph.ts";
import type { AwsRequest, Permission, Service } from "../gateway/service.ts";
import type { Host } from "../part.ts";
import { queryForm, type QueryInput, queryInput, queryService } from "../protocols/query.ts";
import { namedList } from "../protocols/xml.ts";
import {
  type ClusterRecord,
  fault,
  identifier,
  type InstanceRecord,
  showCluster,
  showInstance,
  type Tag,
} from "./rds-model.ts";
import { managedPasswords } from "./rds-passwords.ts";
import { openSeal } from "./seal.ts";

export type Rds = {
  readonly service: Service;
  /** Takes a cluster of the stack whose password is RDS' own, in this secret, and gives its server that. */
  adopt(cluster: GraphResource, secret: string): Promise<void>;
  /** Goes on with what an earlier run left: servers that ran run again, and what was begun is ended. */
  resume(): Promise<void>;
  /** Goes on with what needs the other services, once they answer. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const tagsOf = (input: QueryInput): Tag[] =>
  (Array.isArray(input["Tags"]) ? (input["Tags"] as Partial<Tag>[]) : []).map(({ Key = "", Value = "" }) => ({
    Key,
    Value,
  }));

const lawful = (password: string | undefined): boolean =>
  password !== undefined && password.length >= 8 && !/[/"@ ]/.test(password);

const modifiable: ReadonlySet<string> = new Set([
  "DBClusterIdentifier",
  "MasterUserPassword",
  "ManageMasterUserPassword",
  "RotateMasterUserPassword",
  "DeletionProtection",
  "ApplyImmediately",
]);

/**
 * The Relational Database Service, as far as dedicated Aurora PostgreSQL clusters need it: each is one more PostgreSQL
 * server. Creating and deleting take their time and go on behind the call, as on AWS.
 */
export const rds = (
  host: Pick<Host, "region" | "account" | "seed" | "store" | "log" | "call">,
  servers: DedicatedServers,
): Rds => {
  const clusters = host.store.collection<ClusterRecord>("rds-clusters");
  const instances = host.store.collection<InstanceRecord>("rds-instances");
  const seal = openSeal(host.seed, "rds");
  const passwords = managedPasswords(host);
  const arn = (kind: string, id: string): string => `arn:aws:rds:${host.region}:${host.account}:${kind}:${id}`;
  const resourceId = (prefix: string): string => `${prefix}-${randomBytes(13).toString("hex").toUpperCase()}`;

  const membersOf = (cluster: string): InstanceRecord[] =>
    instances.list().flatMap(({ value }) => (value.cluster === cluster ? [value] : []));
  const needCluster = (value: unknown): ClusterRecord => {
    const id = identifier("DBClusterIdentifier", value);
    const found = clusters.get(id);
    if (!found) throw fault.noCluster(id);
    return found;
  };

  /** What goes on behind the calls, one thing after the other for each cluster. */
  const work = new Map<string, Promise<void>>();
  let closed = false;
  const behind = (cluster: string, what: string, run: () => Promise<void>, failed: () => void): void => {
    const before = work.get(cluster) ?? Promise.resolve();
    const next = before
      .then(() => (closed ? undefined : run()))
      .catch((error: unknown) => {
        if (closed) return;
        host.log(`rds: ${what} failed: ${error instanceof Error ? error.stack : String(error)}`);
        failed();
      });
    work.set(cluster, next);
  };
  const setCluster = (id: string, change: Partial<ClusterRecord>): void => {
    const now = clusters.get(id);
    if (now) clusters.put(id, { ...now, ...change });
  };
  const setInstance = (id: string, change: Partial<InstanceRecord>): void => {
    const now = instances.get(id);
    if (now) instances.put(id, { ...now, ...change });
  };

  const makeCluster = (id: string): void =>
    behind(
      id,
      `creating ${id}`,
      async () => {
        await servers.initialise(id);
        if (clusters.get(id)?.status === "creating") setCluster(id, { status: "available" });
      },
      () => setCluster(id, { status: "failed" }),
    );
  const startInstance = (id: string, cluster: string): void =>
    behind(
      cluster,
      `starting ${id}`,
      async () => {
        const record = clusters.get(cluster);
        if (!record || instances.get(id) === undefined) return;
        const { user, database, password } = record;
        const master = password === null ? undefined : { user, database, password: seal.open(password, record.arn) };
        await servers.start(cluster, master);
        setCluster(cluster, { password: null });
        if (instances.get(id)?.status === "creating") setInstance(id, { status: "available" });
      },
      () => setInstance(id, { status: "failed" }),
    );
  const endInstance = (id: string, cluster: string): void =>
    behind(
      cluster,
      `deleting ${id}`,
      async () => {
        await servers.stop(cluster);
        instances.delete(id);
      },
      () => setInstance(id, { status: "failed" }),
    );
  const endCluster = (id: string): void =>
    behind(
      id,
      `deleting ${id}`,
      async () => {
        await servers.remove(id);
        const secret = clusters.get(id)?.secret;
        if (secret !== undefined) await passwords.remove(secret);
        clusters.delete(id);
      },
      () => setCluster(id, { status: "failed" }),
    );

  /** Tells the server a password that was written down before; one without an instance learns it at its start. */
  const setPassword = async (record: ClusterRecord, password: string): Promise<void> => {
    const { id, arn: self, user, database } = record;
    setCluster(id, { password: seal.seal(password, self) });
    const [instance] = membersOf(id);
    if (!record.shared && instance?.status !== "available") return;
    await servers.start(id, { user, database, password });
    setCluster(id, { password: null });
  };
  /** The new password becomes the current one only after the server knows it. */
  const rotate = async (record: ClusterRecord, secret: string): Promise<void> => {
    const { version, password } = await passwords.propose(secret, record.user);
    setCluster(record.id, { rotating: version });
    await setPassword(record, password);
    await passwords.settle(secret, version);
    setCluster(record.id, { rotating: null });
  };

  const showC = async (cluster: ClusterRecord) =>
    showCluster(cluster, await servers.address(cluster.id), membersOf(cluster.id));
  const showI = async (instance: InstanceRecord) =>
    showInstance(instance, clusters.get(instance.cluster), await servers.address(instance.cluster));

  const actions = {
    async CreateDBCluster(input: QueryInput) {
      const id = identifier("DBClusterIdentifier", input["DBClusterIdentifier"]);
      if (clusters.get(id)) throw fault.clusterExists(id);
      const managed = input["ManageMasterUserPassword"] === "true";
      const [engine, user, given] = [
        text(input["Engine"]),
        text(input["MasterUsername"]),
        text(input["MasterUserPassword"]),
      ];
      if (engine !== "aurora-postgresql") throw fault.parameter(`The embedded cloud has no engine ${engine}.`);
      if (!user || !/^[a-zA-Z]\w{0,62}$/.test(user))
        throw fault.parameter("The parameter MasterUsername is not valid.");
      if (managed && given !== undefined)
        throw fault.combination("You can't specify MasterUserPassword when ManageMasterUserPassword is on.");
      if (!managed && !lawful(given))
        throw fault.parameter("The parameter MasterUserPassword is not a valid password.");
      const scaling = input["ServerlessV2ScalingConfiguration"] as Record<string, string> | undefined;
      const made = managed ? await passwords.create(arn("cluster", id), user) : undefined;
      // Somebody may have been faster while the secret was made.
      if (clusters.get(id)) {
        if (made !== undefined) await passwords.remove(made.secret);
        throw fault.clusterExists(id);
      }
      const password = made?.password ?? given!;
      const record: ClusterRecord = {
        id,
        arn: arn("cluster", id),
        ...(made === undefined ? {} : { secret: made.secret }),
        resourceId: resourceId("cluster"),
        status: "creating",
        engine,
        engineVersion: text(input["EngineVersion"]),
        user,
        password: seal.seal(password, arn("cluster", id)),
        database: text(input["DatabaseName"]) ?? null,
        subnetGroup: text(input["DBSubnetGroupName"]),
        securityGroups: strings(input["VpcSecurityGroupIds"]),
        capacity:
          scaling === undefined
            ? undefined
            : { MinCapacity: Number(scaling["MinCapacity"]), MaxCapacity: Number(scaling["MaxCapacity"]) },
        backupDays: Number(input["BackupRetentionPeriod"] ?? 1),
        encrypted: input["StorageEncrypted"] === "true",
        protected: input["DeletionProtection"] === "true",
        tags: tagsOf(input),
        createdAt: new Date().toISOString(),
      };
      clusters.put(id, record);
      makeCluster(id);
      // On AWS, too, a new cluster says where it will be.
      return { DBCluster: await showC(record) };
    },

    async CreateDBInstance(input: QueryInput) {
      const id = identifier("DBInstanceIdentifier", input["DBInstanceIdentifier"]);
      if (instances.get(id)) throw fault.instanceExists(id);
      const cluster = needCluster(input["DBClusterIdentifier"]);
      if (cluster.status === "deleting") throw fault.clusterState(`DBCluster ${cluster.id} is being deleted.`);
      if (membersOf(cluster.id).length > 0)
        throw fault.parameter("A cluster of the embedded cloud has one instance: there are no replicas.");
      const record: InstanceRecord = {
        id,
        arn: arn("db", id),
        resourceId: resourceId("db"),
        cluster: cluster.id,
        status: "creating",
        className: text(input["DBInstanceClass"]) ?? "db.serverless",
        public: input["PubliclyAccessible"] === "true",
        tags: tagsOf(input),
        createdAt: new Date().toISOString(),
      };
      instances.put(id, record);
      startInstance(id, cluster.id);
      return { DBInstance: await showI(record) };
    },

    async DescribeDBClusters(input: QueryInput) {
      const one = text(input["DBClusterIdentifier"]);
      const found = one === undefined ? clusters.list().map(({ value }) => value) : [needCluster(one)];
      return { DBClusters: namedList("DBCluster", await Promise.all(found.map(showC))) };
    },

    async DescribeDBInstances(input: QueryInput) {
      const one = text(input["DBInstanceIdentifier"]);
      const found = one === undefined ? instances.list().map(({ value }) => value) : [instances.get(one.toLowerCase())];
      const shown = found.flatMap((record) => (record ? [showI(record)] : []));
      if (one !== undefined && shown.length === 0) throw fault.noInstance(one);
      return { DBInstances: namedList("DBInstance", await Promise.all(shown)) };
    },

    async ModifyDBCluster(input: QueryInput) {
      const record = needCluster(input["DBClusterIdentifier"]);
      const { id, status } = record;
      if (status !== "available") throw fault.clusterState(`DBCluster ${id} is ${status}.`);
      const other = Object.keys(input).find((name) => !modifiable.has(name));
      if (other !== undefined) throw fault.combination(`The embedded cloud does not modify ${other}.`);
      const [password, rotated] = [text(input["MasterUserPassword"]), input["RotateMasterUserPassword"] === "true"];
      if (password !== undefined && record.secret !== undefined)
        throw fault.combination("You can't specify MasterUserPassword for a cluster whose password RDS manages.");
      if (rotated && (record.secret === undefined || input["ApplyImmediately"] !== "true"))
        throw fault.combination("RotateMasterUserPassword needs a managed password and ApplyImmediately.");
      if (password !== undefined) await setPassword(record, password);
      if (input["ManageMasterUserPassword"] === "true" && record.secret === undefined) {
        const made = await passwords.create(record.arn, record.user);
        setCluster(id, { secret: made.secret });
        await setPassword(record, made.password);
      }
      if (rotated) await rotate(record, record.secret!);
      if (input["DeletionProtection"] !== undefined)
        setCluster(id, { protected: input["DeletionProtection"] === "true" });
      return { DBCluster: await showC(needCluster(id)) };
    },

    async DeleteDBInstance(input: QueryInput) {
      const id = identifier("DBInstanceIdentifier", input["DBInstanceIdentifier"]);
      const found = instances.get(id);
      if (!found) throw fault.noInstance(id);
      if (found.status === "deleting") throw fault.instanceState(`Instance ${id} is already being deleted.`);
      setInstance(id, { status: "deleting" });
      endInstance(id, found.cluster);
      return { DBInstance: await showI({ ...found, status: "deleting" }) };
    },

    async DeleteDBCluster(input: QueryInput) {
      const found = needCluster(input["DBClusterIdentifier"]);
      const { id, status } = found;
      if (input["SkipFinalSnapshot"] !== "true")
        throw fault.combination("The embedded cloud takes no snapshots: say SkipFinalSnapshot.");
      if (found.protected)
        throw fault.combination("Cannot delete protected Cluster, please disable deletion protection.");
      if (status === "deleting") throw fault.clusterState(`Cluster ${id} is already being deleted.`);
      if (membersOf(id).some((member) => member.status !== "deleting"))
        throw fault.clusterState("Cluster cannot be deleted, it still contains DB instances in non-deleting state.");
      setCluster(id, { status: "deleting" });
      endCluster(id);
      return { DBCluster: await showC({ ...found, status: "deleting" }) };
    },
  };

  const permissions = (request: AwsRequest): Permission[] => {
    const form = queryForm(request);
    const input = queryInput(form);
    const action = `rds:${form.get("Action")}`;
    const [cluster, instance] = [text(input["DBClusterIdentifier"]), text(input["DBInstanceIdentifier"])];
    const group = text(input["DBSubnetGroupName"]);
    const named = [
      ...(cluster === undefined ? [] : [arn("cluster", cluster.toLowerCase())]),
      ...(instance === undefined ? [] : [arn("db", instance.toLowerCase())]),
    ];
    const wanted = [...named, ...(group === undefined ? [] : [arn("subgrp", group)])];
    const everything = [arn(action.includes("Instance") ? "db" : "cluster", "*")];
    return [
      ...(wanted.length > 0 ? wanted : everything).map((resource) => ({ action, resource })),
      ...(input["ManageMasterUserPassword"] === "true" ? passwords.permissions : []),
      ...(tagsOf(input).length > 0 ? [{ action: "rds:AddTagsToResource", resource: named.at(-1) ?? "*" }] : []),
    ];
  };

  return {
    service: {
      ...queryService({ name: "rds", namespace: "http://rds.amazonaws.com/doc/2014-10-31/", actions }),
      permissions,
    },
    async adopt({ inputs, outputs }, secret) {
      const id = String(outputs["clusterIdentifier"]);
      const known = clusters.get(id);
      // A rotation that was cut short between the server and the secret.
      if (known?.secret === secret && known.rotating) await passwords.settle(secret, known.rotating);
      const record: ClusterRecord = {
        id,
        arn: String(outputs["arn"]),
        resourceId: String(outputs["clusterResourceId"]),
        status: "available",
        engine: String(inputs["engine"]),
        engineVersion: text(inputs["engineVersion"]),
        user: text(inputs["masterUsername"]) ?? "postgres",
        password: null,
        secret,
        database: text(inputs["databaseName"]) ?? null,
        subnetGroup: text(inputs["dbSubnetGroupName"]),
        securityGroups: [],
        capacity: undefined,
        backupDays: Number(inputs["backupRetentionPeriod"] ?? 1),
        encrypted: inputs["storageEncrypted"] === true,
        // Whatever the stack says: it goes with the stack, and not before.
        protected: true,
        tags: Object.entries((inputs["tags"] ?? {}) as Record<string, string>).map(([Key, Value]) => ({ Key, Value })),
        createdAt: known?.createdAt ?? new Date().toISOString(),
        shared: true,
      };
      clusters.put(id, record);
      await setPassword(record, await passwords.read(secret));
    },
    async resume() {
      for (const { value } of clusters.list()) if (value.status === "creating") makeCluster(value.id);
      for (const { value } of instances.list())
        if (value.status === "deleting") endInstance(value.id, value.cluster);
        else startInstance(value.id, value.cluster);
      for (const { value } of clusters.list())
        if (value.status === "deleting" && value.secret === undefined) endCluster(value.id);
      await Promise.all(work.values());
    },
    async settle() {
      for (const { value } of clusters.list()) {
        const { id, secret, rotating, status } = value;
        if (secret === undefined) continue;
        if (status === "deleting") endCluster(id);
        else if (rotating)
          behind(
            id,
            `rotating ${id}`,
            async () => {
              await passwords.settle(secret, rotating);
              setCluster(id, { rotating: null });
            },
            () => undefined,
          );
      }
      await Promise.all(work.values());
    },
    async close() {
      closed = true;
      await Promise.all(work.values());
      await servers.close();
    },
  };
};
