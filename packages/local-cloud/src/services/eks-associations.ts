import { randomInt } from "node:crypto";
import { AwsError } from "../gateway/service.ts";
import type { Collection } from "../store.ts";

/** A Pod Identity association: the role that the pods of one service account have. Times are in seconds. */
export type Association = {
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly associationId: string;
  readonly associationArn: string;
  readonly disableSessionTags: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** The request that made it: repeated, it has the same answer. */
  readonly clientRequestToken?: string;
};

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

const newId = (): string => `a-${Array.from({ length: 17 }, () => letters[randomInt(letters.length)]).join("")}`;

const missing = (field: string): AwsError => new AwsError("InvalidParameterException", `${field} is required.`);

const text = (input: Record<string, unknown>, field: string): string => {
  const value = input[field];
  if (typeof value !== "string" || value === "") throw missing(field);
  return value;
};

/** What is stored, without what only we know. */
const shown = ({ clientRequestToken: _token, ...association }: Association) => association;

/** The associations of all clusters. `arnOf` makes the ARN from what follows `podidentityassociation/`. */
export const createAssociations = (stored: Collection<Association>, arnOf: (rest: string) => string) => {
  const key = (cluster: string, id: string): string => `${cluster}/${id}`;
  const of = (cluster: string): Association[] => stored.list(`${cluster}/`).map(({ value }) => value);
  const find = (cluster: string, id: string): Association => {
    const found = stored.get(key(cluster, id));
    if (found !== undefined) return found;
    throw new AwsError("ResourceNotFoundException", `No association found for ID: ${id}`, 404, {
      clusterName: cluster,
    });
  };
  return {
    /** Stores an association that the deployment made, under the id it was given. */
    put: (association: Association): void =>
      stored.put(key(association.clusterName, association.associationId), association),
    create(cluster: string, input: Record<string, unknown>) {
      const [namespace, serviceAccount] = [text(input, "namespace"), text(input, "serviceAccount")];
      const roleArn = text(input, "roleArn");
      if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(roleArn)) {
        throw new AwsError("InvalidParameterException", `Invalid role ARN: ${roleArn}`);
      }
      const token = input["clientRequestToken"];
      const same = of(cluster).find((one) => one.namespace === namespace && one.serviceAccount === serviceAccount);
      if (same !== undefined) {
        if (token !== undefined && token === same.clientRequestToken) return shown(same);
        throw new AwsError("ResourceInUseException", `Association already exists: ${same.associationId}`, 409, {
          clusterName: cluster,
        });
      }
      const associationId = newId();
      const now = Date.now() / 1000;
      const association: Association = {
        clusterName: cluster,
        namespace,
        serviceAccount,
        roleArn,
        ...(typeof input["targetRoleArn"] === "string" && { targetRoleArn: input["targetRoleArn"] }),
        associationId,
        associationArn: arnOf(`${cluster}/${associationId}`),
        disableSessionTags: input["disableSessionTags"] === true,
        tags: (input["tags"] ?? {}) as Record<string, string>,
        createdAt: now,
        modifiedAt: now,
        ...(typeof token === "string" && { clientRequestToken: token }),
      };
      stored.put(key(cluster, associationId), association);
      return shown(association);
    },
    describe: (cluster: string, id: string) => shown(find(cluster, id)),
    list: (cluster: string, query: URLSearchParams) =>
      of(cluster)
        .filter(
          ({ namespace, serviceAccount }) =>
            namespace === (query.get("namespace") ?? namespace) &&
            serviceAccount === (query.get("serviceAccount") ?? serviceAccount),
        )
        .map(({ clusterName, namespace, serviceAccount, associationArn, associationId }) => ({
          clusterName,
          namespace,
          serviceAccount,
          associationArn,
          associationId,
        })),
    remove(cluster: string, id: string) {
      const found = find(cluster, id);
      stored.delete(key(cluster, id));
      return shown(found);
    },
  };
};
