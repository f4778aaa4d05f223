import type { RotatedLogins, RotationStep, SecretVersions } from "./ports.ts";

export type RotationRun = {
  readonly secretId: string;
  /** The version that this rotation makes. */
  readonly versionId: string;
  readonly step: RotationStep;
};

/**
 * One step of a rotation between two logins. What is current is never touched: its password works until the next
 * rotation but one, however this one ends. Each step looks at what there is first, so that it may be repeated, or begun
 * again by another rotation after a crash.
 *
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html#rotating-secrets-two-users
 *
 * @throws Error when the version is not the one that is pending, or has no value where it should.
 */
export const rotateSecret =
  <T>({ versions, logins }: { readonly versions: SecretVersions<T>; readonly logins: RotatedLogins<T> }) =>
  async ({ secretId, versionId, step }: RotationRun): Promise<void> => {
    const labels = await versions.labels(secretId);
    const mine = labels[versionId] ?? [];
    // A repeated last step finds its work done.
    if (mine.includes("AWSCURRENT")) return;
    if (!mine.includes("AWSPENDING")) throw new Error(`The version ${versionId} is not pending.`);
    const current = Object.keys(labels).find((id) => labels[id]?.includes("AWSCURRENT"));
    if (current === undefined) throw new Error("The secret has no current version to rotate from.");

    const valueOf = async (id: string): Promise<T> => {
      const value = await versions.value(secretId, id);
      if (value === null) throw new Error(`The version ${id} has no value.`);
      return value;
    };
    switch (step) {
      case "createSecret": {
        if ((await versions.value(secretId, versionId)) !== null) return;
        return versions.put(secretId, versionId, logins.next(await valueOf(current)));
      }
      case "setSecret": {
        const pending = await valueOf(versionId);
        if (logins.sameLogin(pending, await valueOf(current)))
          throw new Error("The pending version is of the current login, which must not change while it is in use.");
        return logins.set(pending);
      }
      case "testSecret":
        return logins.test(await valueOf(versionId));
      case "finishSecret":
        await valueOf(versionId);
        return versions.makeCurrent(secretId, versionId, current);
    }
  };
