import { randomUUID } from "node:crypto";
import type { GraphResource } from "../../deploy/graph.ts";
import { masterRotation, masterSecret, masterSecretOf } from "../rds-passwords.ts";
import { nextRotation } from "./rules.ts";
import { addVersion, CURRENT, nameIn, type Secrets } from "./secret.ts";

/** Makes the secret of a cluster of the stack whose master password RDS manages, once: from then on RDS rotates it. */
export const applyManaged = (secrets: Secrets, cluster: GraphResource): void => {
  const arn = masterSecretOf(cluster);
  if (arn === undefined || secrets.find(arn) !== undefined) return;
  const username = String(cluster.inputs["masterUsername"] ?? "postgres");
  const { Name, Description, Tags, SecretString } = masterSecret(String(cluster.outputs["arn"]), username, nameIn(arn));
  const now = secrets.now();
  const nextAt = nextRotation(masterRotation, now);
  const secret = {
    name: Name,
    arn,
    description: Description,
    tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
    createdAt: now,
    changedAt: now,
    rotation: { enabled: true, rules: masterRotation, ...(nextAt === undefined ? {} : { nextAt }) },
    versions: {},
  };
  secrets.put(addVersion(secrets, secret, { id: randomUUID(), value: { string: SecretString }, stages: [CURRENT] }));
};
