import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { Cluster } from "@tenantry/core/provisioning/ports";
import { parse } from "yaml";
import { z } from "zod";
import type { GitRemote, GitRepository } from "./git-repository.ts";
import { platformFiles, valuesFile, valuesPath } from "./gitops-files.ts";
import { assertKnownToKubernetes } from "./kubernetes-schemas.ts";

/**
 * Namespaces by way of a git repository that Argo CD watches: a tenant's objects are a file in it, one commit for each
 * change. What Argo CD makes of it, and when, is not waited for.
 */
export const gitopsCluster = (
  name: string,
  { url, branch }: Pick<GitRemote, "url" | "branch">,
  repository: GitRepository,
): Cluster => ({
  name,
  async ensure(request) {
    const { tenantId, slug, operationId, objects } = request;
    const [namespace] = objects;
    if (namespace?.kind !== "Namespace") throw new Error("The first object must be the namespace.");
    assertKnownToKubernetes(objects);
    const path = valuesPath(slug);
    const git_commit = await repository.change(message("Provision", slug, tenantId, operationId), async (read) => {
      const owner = ownerOf(await read(path));
      if (owner !== undefined && owner !== tenantId)
        throw new ProvisioningError("NameTaken", `The file ${path} exists in the repository and is not this tenant's.`);
      return { ...platformFiles({ url, branch }), [path]: valuesFile(request) };
    });
    return {
      cluster: name,
      name: namespace.metadata.name,
      objects: objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
      git_commit,
    };
  },
  async release({ id, slug }, operationId) {
    const path = valuesPath(slug);
    await repository.change(message("Release", slug, id, operationId), async (read): Promise<Record<string, null>> =>
      ownerOf(await read(path)) === id ? { [path]: null } : {},
    );
  },
});

const message = (verb: string, slug: string, tenantId: string, operationId: string): string =>
  `${verb} the namespace of ${slug}\n\nTenant: ${tenantId}\nOperation: ${operationId}\n`;

const Values = z.object({ tenant: z.object({ id: z.string() }) });

/** Undefined when there is no file; null when it does not say whose it is. */
const ownerOf = (text: string | null): string | null | undefined => {
  if (text === null) return undefined;
  return Values.safeParse(parse(text)).data?.tenant.id ?? null;
};

const Credentials = z.object({ username: z.string(), password: z.string() });

/** The repository's `{username, password}` from Secrets Manager, read anew each time so that a rotated one is used. */
export const gitCredentials =
  (secretArn: string, client = new SecretsManagerClient({})): GitRemote["credentials"] =>
  async () => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    return Credentials.parse(JSON.parse(SecretString ?? "null"));
  };
