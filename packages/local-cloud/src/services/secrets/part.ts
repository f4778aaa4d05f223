import { createHash, randomUUID } from "node:crypto";
import { type Graph, type GraphResource, ofType } from "../../deploy/graph.ts";
import type { PartFactory } from "../../part.ts";
import { jsonService } from "../../protocols/json.ts";
import { openSeal } from "../seal.ts";
import { secretActions } from "./actions.ts";
import { applyManaged } from "./managed.ts";
import { secretPermissions } from "./permissions.ts";
import { createRotator } from "./rotator.ts";
import { addVersion, CURRENT, openSecrets, type Secret, type Secrets, type Value } from "./secret.ts";

const SECRET = "aws:secretsmanager/secret:Secret";
const VERSION = "aws:secretsmanager/secretVersion:SecretVersion";
const CLUSTER = "aws:rds/cluster:Cluster";

const optional = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const applySecret = (secrets: Secrets, { inputs, outputs }: GraphResource): void => {
  const name = String(outputs["name"] ?? inputs["name"]);
  const existing = secrets.find(name);
  const description = optional(inputs["description"]);
  const kmsKeyId = optional(inputs["kmsKeyId"]);
  const secret: Secret = {
    name,
    arn: String(outputs["arn"]),
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    tags: { ...existing?.tags, ...(inputs["tags"] as Record<string, string> | undefined) },
    createdAt: existing?.createdAt ?? secrets.now(),
    changedAt: existing?.changedAt ?? secrets.now(),
    ...(existing?.rotation === undefined || existing.arn !== outputs["arn"] ? {} : { rotation: existing.rotation }),
    // A value is sealed to the ARN: a secret of another ARN starts anew.
    versions: existing && existing.arn === outputs["arn"] ? existing.versions : {},
  };
  secrets.put(secret);
};

const valueOf = (inputs: GraphResource["inputs"]): Value | undefined => {
  const string = optional(inputs["secretString"]);
  const binary = optional(inputs["secretBinary"]);
  if (string !== undefined) return { string };
  return binary === undefined ? undefined : { binary };
};

/** The functions that Secrets Manager may invoke, by the policies that the graph gives them. */
const invocable = (graph: Graph): ReadonlySet<string> => {
  const functions = ofType(graph, "aws:lambda/function:Function");
  const permitted = ofType(graph, "aws:lambda/permission:Permission").filter(
    ({ inputs }) => inputs["principal"] === "secretsmanager.amazonaws.com",
  );
  return new Set(
    permitted.flatMap(({ inputs }) =>
      functions
        .filter(({ outputs }) => [outputs["arn"], outputs["name"]].includes(inputs["function"]))
        .map(({ outputs }) => String(outputs["arn"])),
    ),
  );
};

/**
 * Secrets Manager, own: values lie sealed in the store, and rotations run the graph's functions. The clock is in
 * milliseconds since 1970.
 */
export const secretsManagerAt =
  (clock: () => number): PartFactory =>
  async (host) => {
    const seal = openSeal(host.seed, "secretsmanager");
    const secrets = openSecrets(host.store.collection<Secret>("secrets"), seal, () => clock() / 1000);
    const rotator = createRotator(secrets, host);
    /** Which value a version resource was last applied with, so that a value put at run time outlives a restart. */
    const applied = host.store.collection<string>("secrets-applied");

    const applyVersion = ({ urn, inputs, outputs }: GraphResource): void => {
      const secret = secrets.find(String(inputs["secretId"]));
      const value = valueOf(inputs);
      if (!secret || !value) throw new Error(`${urn} names no secret or has no value.`);
      const mark = createHash("sha256")
        .update(`${host.seed}${secret.arn}${JSON.stringify(value)}`)
        .digest("hex");
      if (applied.get(urn) === mark && Object.keys(secret.versions).length > 0) return;
      const wanted = optional(outputs["versionId"]);
      const id = wanted === undefined || secret.versions[wanted] ? randomUUID() : wanted;
      const stages = (inputs["versionStages"] as readonly string[] | undefined) ?? [CURRENT];
      secrets.put(addVersion(secrets, secret, { id, value, stages }));
      applied.put(urn, mark);
    };

    return {
      name: "secretsmanager",
      services: [
        {
          ...jsonService({
            name: "secretsmanager",
            target: "secretsmanager",
            version: "1.1",
            actions: secretActions(secrets, host, rotator),
          }),
          permissions: secretPermissions(secrets, host),
        },
      ],
      types: [SECRET, VERSION],
      async apply(graph) {
        for (const resource of ofType(graph, SECRET)) applySecret(secrets, resource);
        for (const resource of ofType(graph, VERSION)) applyVersion(resource);
        for (const resource of ofType(graph, CLUSTER)) applyManaged(secrets, resource);
        rotator.allow(invocable(graph));
      },
      async start() {
        rotator.start();
      },
      close: () => rotator.close(),
    };
  };

export const secretsManager: PartFactory = secretsManagerAt(Date.now);
