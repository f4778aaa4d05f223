import { randomInt } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { Seal } from "../seal.ts";
import type { Collection } from "../../store.ts";

export type Version = {
  readonly stages: readonly string[];
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** The value, sealed: `{string}` or `{binary}` (base64) as JSON. A version that a rotation has just begun has none. */
  readonly sealed?: string;
};

/** How a secret is rotated, and how far a rotation has come. */
export type Rotation = {
  readonly enabled: boolean;
  /** The function's ARN; absent for what another service rotates. */
  readonly lambda?: string;
  readonly rules: {
    readonly AutomaticallyAfterDays?: number;
    readonly Duration?: string;
    readonly ScheduleExpression?: string;
  };
  /** Seconds since 1970. */
  readonly rotatedAt?: number;
  readonly nextAt?: number;
  /** The version that an unfinished rotation makes, and when it is tried again. */
  readonly pending?: { readonly version: string; readonly retryAt: number };
};

export type Secret = {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  readonly kmsKeyId?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
  /** When DeleteSecret was called, and when its recovery window ends. */
  readonly deletedAt?: number;
  readonly purgeAt?: number;
  readonly rotation?: Rotation;
  readonly versions: Readonly<Record<string, Version>>;
};

export type Value = { readonly string: string } | { readonly binary: string };

export const CURRENT = "AWSCURRENT";
export const PREVIOUS = "AWSPREVIOUS";
export const PENDING = "AWSPENDING";

/** The tag of secrets that another service made and rotates. Users cannot set tags of this prefix. */
export const OWNER_TAG = "aws:secretsmanager:owningService";
export const ownerOf = (secret: Secret): string | undefined => secret.tags[OWNER_TAG];

export const notFound = (): AwsError =>
  new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");

/** The secrets of the account, by name. */
export interface Secrets {
  readonly seal: Seal;
  now(): number;
  put(secret: Secret): void;
  delete(secret: Secret): void;
  all(): readonly Secret[];
  /** By name, ARN, or ARN without its random suffix. */
  find(id: string): Secret | undefined;
}

/** How long the end of an ARN is that Secrets Manager adds to the name. */
const SUFFIX = "-xxxxxx".length;

/** The name that a whole ARN holds. */
export const nameIn = (arn: string): string => arn.split(":").slice(6).join(":").slice(0, -SUFFIX);

export const openSecrets = (collection: Collection<Secret>, seal: Seal, now: () => number): Secrets => {
  /** A secret whose recovery window has ended is gone. */
  const alive = (secret: Secret | undefined): Secret | undefined =>
    secret?.purgeAt !== undefined && secret.purgeAt <= now() ? undefined : secret;
  const all = (): Secret[] => collection.list().flatMap(({ value }) => alive(value) ?? []);
  return {
    seal,
    now,
    put: (secret) => collection.put(secret.name, secret),
    delete: (secret) => collection.delete(secret.name),
    all,
    find(id) {
      if (!id.startsWith("arn:")) return alive(collection.get(id));
      // Without the suffix the rest is the name, which may itself end like one.
      const found = [nameIn(id), nameIn(`${id}-xxxxxx`)].map((name) => alive(collection.get(name)));
      return found.find((secret) => secret?.arn === id || secret?.arn.slice(0, -SUFFIX) === id);
    },
  };
};

/** @throws AwsError ResourceNotFoundException, or InvalidRequestException for one that waits for its deletion */
export const need = (secrets: Secrets, id: string): Secret => {
  const secret = secrets.find(id);
  if (!secret) throw notFound();
  if (secret.deletedAt !== undefined)
    throw new AwsError(
      "InvalidRequestException",
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  return secret;
};

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A secret's ARN ends in six random characters, so that a new secret of an old name is another resource. */
export const newArn = (region: string, account: string, name: string): string => {
  const suffix = Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${suffix}`;
};

const contextOf = (secret: Secret, versionId: string): string => `${secret.arn} ${versionId}`;

export const readValue = (secrets: Secrets, secret: Secret, versionId: string): Value => {
  const sealed = secret.versions[versionId]?.sealed;
  if (sealed === undefined) throw notFound();
  return JSON.parse(secrets.seal.open(sealed, contextOf(secret, versionId))) as Value;
};

/** The id of the version that carries a stage. */
export const staged = (secret: Secret, stage: string): string | undefined =>
  Object.entries(secret.versions).find(([, version]) => version.stages.includes(stage))?.[0];

/** The stages of the versions after one of them has moved; the version that was current becomes the previous one. */
const relabelled = (secret: Secret, stages: readonly string[], to: string | undefined): Record<string, Version> => {
  const current = stages.includes(CURRENT) ? staged(secret, CURRENT) : undefined;
  const demoted = current === undefined || current === to ? undefined : current;
  const moved = demoted === undefined ? stages : [...stages, PREVIOUS];
  return Object.fromEntries(
    Object.entries(secret.versions).map(([id, version]): [string, Version] => {
      const kept = version.stages.filter((stage) => !moved.includes(stage));
      return [
        id,
        { ...version, stages: [...kept, ...(id === demoted ? [PREVIOUS] : []), ...(id === to ? stages : [])] },
      ];
    }),
  );
};

/** The secret with a label on another version, or, without one, on none. */
export const moveStage = (secret: Secret, stage: string, to: string | undefined): Secret => ({
  ...secret,
  versions: relabelled(secret, [stage], to),
});

/**
 * The secret with one more version. The stages move to it; the version that was current becomes the previous one.
 * A repeated call with the same id and value changes nothing; a version without a value gets this one.
 * @throws AwsError ResourceExistsException when the id stands for another value
 */
export const addVersion = (
  secrets: Secrets,
  secret: Secret,
  added: { readonly id: string; readonly value?: Value; readonly stages: readonly string[] },
): Secret => {
  const { id, value, stages } = added;
  const known = secret.versions[id];
  if (known?.sealed !== undefined) {
    if (JSON.stringify(readValue(secrets, secret, id)) === JSON.stringify(value)) return secret;
    throw new AwsError(
      "ResourceExistsException",
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const version: Version = {
    stages,
    createdAt: known?.createdAt ?? secrets.now(),
    ...(value === undefined ? {} : { sealed: secrets.seal.seal(JSON.stringify(value), contextOf(secret, id)) }),
  };
  const versions = { ...relabelled(secret, stages, id), [id]: version };
  return { ...secret, changedAt: secrets.now(), versions };
};
