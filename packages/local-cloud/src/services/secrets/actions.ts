import { randomUUID } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalNumber, optionalText, page, records, text, texts } from "../input.ts";
import { describeRotation, rotationActions } from "./rotation.ts";
import type { Rotator } from "./rotator.ts";
import { addVersion, CURRENT, need, newArn, notFound, ownerOf, readValue, staged } from "./secret.ts";
import type { Secret, Secrets, Value } from "./secret.ts";

type Place = { readonly region: string; readonly account: string };

const DAY = 86_400;
const MAX_BYTES = 65_536;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);
const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);

/** SecretString or SecretBinary, not both. */
const valueOf = (input: Input): Value | undefined => {
  const string = optionalText(input, "SecretString");
  const binary = optionalText(input, "SecretBinary");
  if (string !== undefined && binary !== undefined) throw invalid("You can't specify both a binary and a string.");
  if (Buffer.byteLength(string ?? binary ?? "", "utf8") > MAX_BYTES) throw invalid("The secret value is too large.");
  if (string !== undefined) return { string };
  return binary === undefined ? undefined : { binary };
};

const tagsOf = (input: Input, internal = false): Record<string, string> => {
  const tags = records(input, "Tags").map((tag) => [text(tag, "Key"), optionalText(tag, "Value") ?? ""] as const);
  const reserved = internal ? undefined : tags.find(([key]) => key.toLowerCase().startsWith("aws:"));
  if (reserved) throw invalid(`Tag keys that start with aws: are reserved, such as ${reserved[0]}.`);
  return Object.fromEntries(tags);
};

const stagesOf = (secret: Secret): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(secret.versions).flatMap(([id, { stages }]) => (stages.length > 0 ? [[id, stages]] : [])),
  );

const describe = (secret: Secret): Record<string, unknown> => ({
  ARN: secret.arn,
  Name: secret.name,
  Description: secret.description,
  KmsKeyId: secret.kmsKeyId,
  CreatedDate: secret.createdAt,
  LastChangedDate: secret.changedAt,
  DeletedDate: secret.purgeAt,
  Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
  ...describeRotation(secret),
});

const described = (input: Input): Pick<Secret, "description" | "kmsKeyId"> => {
  const description = optionalText(input, "Description");
  const kmsKeyId = optionalText(input, "KmsKeyId");
  return {
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  };
};

/** The predicate of ListSecrets' filters: all must hold; a value that starts with `!` negates. */
const matches =
  (filters: readonly Input[]) =>
  (secret: Secret): boolean =>
    filters.every((filter) => {
      const key = text(filter, "Key");
      const fields: Readonly<Record<string, readonly string[]>> = {
        name: [secret.name],
        description: [secret.description ?? ""],
        "tag-key": Object.keys(secret.tags),
        "tag-value": Object.values(secret.tags),
      };
      const field = fields[key];
      if (!field) throw new AwsError("NotImplemented", `The embedded cloud lists no secrets by ${key}.`, 501);
      return texts(filter, "Values").some((value) => {
        const wanted = value.replace(/^!/, "");
        return field.some((one) => one.startsWith(wanted)) !== value.startsWith("!");
      });
    });

/** Adds a version when the input carries a value. */
const withValue = (secrets: Secrets, secret: Secret, input: Input): { secret: Secret; versionId?: string } => {
  const value = valueOf(input);
  if (!value) return { secret };
  const id = optionalText(input, "ClientRequestToken") ?? randomUUID();
  const stages = texts(input, "VersionStages");
  return {
    secret: addVersion(secrets, secret, { id, value, stages: stages.length > 0 ? stages : [CURRENT] }),
    versionId: id,
  };
};

const createSecret = (secrets: Secrets, place: Place, input: Input, internal = false): unknown => {
  const name = text(input, "Name");
  if (!/^[\w/+=.@!-]{1,512}$/.test(name))
    throw new AwsError(
      "ValidationException",
      "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    );
  const existing = secrets.find(name);
  if (existing?.deletedAt !== undefined)
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  const token = optionalText(input, "ClientRequestToken");
  if (existing && (token === undefined || !existing.versions[token]))
    throw new AwsError("ResourceExistsException", `The operation failed because the secret ${name} already exists.`);
  const fresh: Secret = {
    name,
    arn: newArn(place.region, place.account, name),
    ...described(input),
    tags: tagsOf(input, internal),
    createdAt: secrets.now(),
    changedAt: secrets.now(),
    versions: {},
  };
  const made = withValue(secrets, existing ?? fresh, input);
  secrets.put(made.secret);
  return { ARN: made.secret.arn, Name: name, VersionId: made.versionId };
};

const getSecretValue = (secrets: Secrets, input: Input): unknown => {
  const secret = need(secrets, text(input, "SecretId"));
  const stage = optionalText(input, "VersionStage");
  const id = optionalText(input, "VersionId") ?? staged(secret, stage ?? CURRENT);
  const version = id === undefined ? undefined : secret.versions[id];
  if (id === undefined || version?.sealed === undefined)
    throw new AwsError(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret value for staging label: ${stage ?? CURRENT}`,
    );
  if (stage !== undefined && !version.stages.includes(stage)) throw notFound();
  const value = readValue(secrets, secret, id);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: id,
    VersionStages: version.stages,
    CreatedDate: version.createdAt,
    ...("string" in value ? { SecretString: value.string } : { SecretBinary: value.binary }),
  };
};

/** What another service made for itself is changed and deleted by that service alone. */
const ownByUser = (secret: Secret, internal = false): Secret => {
  const owner = ownerOf(secret);
  if (owner === undefined || internal) return secret;
  throw invalidRequest(`You can't perform this operation on the secret because it is managed by ${owner}.`);
};

const deleteSecret = (secrets: Secrets, input: Input, internal = false): unknown => {
  const force = input["ForceDeleteWithoutRecovery"] === true;
  const days = optionalNumber(input, "RecoveryWindowInDays");
  if (force && days !== undefined)
    throw invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  if (days !== undefined && (days < 7 || days > 30))
    throw invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  const deletedAt = secrets.now();
  if (force) {
    const secret = secrets.find(text(input, "SecretId"));
    if (!secret) throw notFound();
    secrets.delete(ownByUser(secret, internal));
    return { ARN: secret.arn, Name: secret.name, DeletionDate: deletedAt };
  }
  const secret = ownByUser(need(secrets, text(input, "SecretId")), internal);
  const purgeAt = deletedAt + (days ?? 30) * DAY;
  secrets.put({ ...secret, deletedAt, purgeAt });
  return { ARN: secret.arn, Name: secret.name, DeletionDate: purgeAt };
};

/** Secrets Manager's actions. Every one is synchronous, so no two calls interleave. */
export const secretActions = (
  secrets: Secrets,
  place: Place,
  rotator: Rotator,
): Readonly<Record<string, JsonAction>> => ({
  ...rotationActions(secrets, rotator),
  CreateSecret: (input: Input, { internal }) => createSecret(secrets, place, input, internal),
  GetSecretValue: (input: Input) => getSecretValue(secrets, input),
  DeleteSecret: (input: Input, { internal }) => deleteSecret(secrets, input, internal),
  PutSecretValue(input: Input, { internal }) {
    const found = ownByUser(need(secrets, text(input, "SecretId")), internal);
    const { secret, versionId } = withValue(secrets, found, input);
    if (versionId === undefined) throw invalidRequest("You must provide either SecretString or SecretBinary.");
    secrets.put(secret);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: versionId,
      VersionStages: secret.versions[versionId]?.stages,
    };
  },
  UpdateSecret(input: Input, { internal }) {
    const found = ownByUser(need(secrets, text(input, "SecretId")), internal);
    const { secret, versionId } = withValue(secrets, { ...found, ...described(input) }, input);
    secrets.put({ ...secret, changedAt: secrets.now() });
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
  },
  DescribeSecret(input: Input) {
    const secret = secrets.find(text(input, "SecretId"));
    if (!secret) throw notFound();
    return { ...describe(secret), VersionIdsToStages: stagesOf(secret) };
  },
  RestoreSecret(input: Input) {
    const secret = secrets.find(text(input, "SecretId"));
    if (!secret) throw notFound();
    const { deletedAt: _, purgeAt: __, ...kept } = secret;
    secrets.put(kept);
    return { ARN: secret.arn, Name: secret.name };
  },
  ListSecrets(input: Input) {
    const planned = input["IncludePlannedDeletion"] === true;
    const found = secrets
      .all()
      .filter((secret) => planned || secret.deletedAt === undefined)
      .filter(matches(records(input, "Filters")));
    const { items, next } = page(
      found,
      ({ name }) => name,
      optionalNumber(input, "MaxResults") ?? 100,
      optionalText(input, "NextToken"),
    );
    return {
      SecretList: items.map((secret) => ({ ...describe(secret), SecretVersionsToStages: stagesOf(secret) })),
      NextToken: next,
    };
  },
  TagResource(input: Input) {
    const secret = need(secrets, text(input, "SecretId"));
    secrets.put({ ...secret, tags: { ...secret.tags, ...tagsOf(input) } });
  },
  UntagResource(input: Input) {
    const secret = need(secrets, text(input, "SecretId"));
    const gone = new Set(texts(input, "TagKeys"));
    secrets.put({ ...secret, tags: Object.fromEntries(Object.entries(secret.tags).filter(([key]) => !gone.has(key))) });
  },
});
