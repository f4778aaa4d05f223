import { randomUUID } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalText, text } from "../input.ts";
import { nextRotation, rulesOf } from "./rules.ts";
import type { Rotator } from "./rotator.ts";
import { addVersion, CURRENT, moveStage, need, ownerOf, PENDING, type Rotation, type Secret } from "./secret.ts";
import { type Secrets, staged } from "./secret.ts";

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);
const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);

/** What DescribeSecret and ListSecrets say of a secret's rotation. */
export const describeRotation = (secret: Secret): Record<string, unknown> => {
  const { rotation } = secret;
  return {
    OwningService: ownerOf(secret),
    ...(rotation === undefined
      ? {}
      : {
          RotationEnabled: rotation.enabled,
          RotationLambdaARN: rotation.lambda,
          RotationRules: rotation.rules,
          LastRotatedDate: rotation.rotatedAt,
          NextRotationDate: rotation.enabled ? rotation.nextAt : undefined,
        }),
  };
};

/** The secret with a rotation begun: a version without a value, which the function is to give it. */
export const beginRotation = (secrets: Secrets, secret: Secret, id: string): Secret => {
  const begun = addVersion(secrets, secret, { id, stages: [PENDING] });
  return { ...begun, rotation: { ...begun.rotation!, pending: { version: id, retryAt: secrets.now() } } };
};

const rotateSecret = (secrets: Secrets, rotator: Rotator, input: Input): unknown => {
  const secret = need(secrets, text(input, "SecretId"));
  const before = secret.rotation;
  const lambda = optionalText(input, "RotationLambdaARN") ?? before?.lambda;
  const rules = rulesOf(input) ?? before?.rules;
  const managed = ownerOf(secret) !== undefined;
  if (!managed && lambda === undefined)
    throw invalidRequest("No Lambda rotation function ARN is associated with this secret.");
  if (rules === undefined) throw invalid("You must specify RotationRules when you turn on rotation.");
  if (lambda !== undefined && !managed) rotator.mayInvoke(lambda);
  const now = secrets.now();
  const nextAt = nextRotation(rules, before?.rotatedAt ?? now);
  const rotation: Rotation = {
    ...before,
    enabled: true,
    rules,
    ...(lambda === undefined ? {} : { lambda }),
    ...(nextAt === undefined ? {} : { nextAt: Math.max(nextAt, now) }),
  };
  const configured = { ...secret, rotation };
  const unfinished = rotation.pending?.version;
  if (unfinished !== undefined) {
    secrets.put({ ...configured, rotation: { ...rotation, pending: { version: unfinished, retryAt: now } } });
    rotator.wake(secret.name);
    throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
  }
  if (input["RotateImmediately"] === false) {
    secrets.put(configured);
    if (!managed) rotator.test(secret.name);
    return { ARN: secret.arn, Name: secret.name };
  }
  const id = optionalText(input, "ClientRequestToken") ?? randomUUID();
  if (secret.versions[id] !== undefined) {
    secrets.put(configured);
    return { ARN: secret.arn, Name: secret.name, VersionId: id };
  }
  secrets.put(managed ? configured : beginRotation(secrets, configured, id));
  if (managed) rotator.manage(secret.name);
  else rotator.wake(secret.name);
  return { ARN: secret.arn, Name: secret.name, VersionId: id };
};

const updateStage = (secrets: Secrets, input: Input): unknown => {
  const secret = need(secrets, text(input, "SecretId"));
  const stage = text(input, "VersionStage");
  const to = optionalText(input, "MoveToVersionId");
  const from = optionalText(input, "RemoveFromVersionId");
  for (const id of [to, from])
    if (id !== undefined && secret.versions[id] === undefined)
      throw new AwsError("ResourceNotFoundException", `Secrets Manager can't find the version ${id}.`);
  const holder = staged(secret, stage);
  const same = { ARN: secret.arn, Name: secret.name };
  if (holder === to && to !== undefined) return same;
  if (holder !== undefined && from === undefined)
    throw invalid(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  if (from !== undefined && holder !== from)
    throw invalid(`The staging label ${stage} isn't attached to the version ${from}.`);
  if (to === undefined && stage === CURRENT)
    throw invalid("You can't remove the staging label AWSCURRENT: move it to another version.");
  secrets.put({ ...moveStage(secret, stage, to), changedAt: secrets.now() });
  return same;
};

const cancelRotation = (secrets: Secrets, input: Input): unknown => {
  const secret = need(secrets, text(input, "SecretId"));
  const { rotation } = secret;
  if (rotation === undefined) throw invalidRequest("The secret isn't set up for rotation.");
  const { pending, nextAt: _, ...kept } = rotation;
  secrets.put({ ...secret, rotation: { ...kept, enabled: false } });
  return { ARN: secret.arn, Name: secret.name, VersionId: pending?.version };
};

/** The actions of rotation. Each is synchronous; what it sets off goes on behind the call. */
export const rotationActions = (secrets: Secrets, rotator: Rotator): Readonly<Record<string, JsonAction>> => ({
  RotateSecret: (input: Input) => rotateSecret(secrets, rotator, input),
  CancelRotateSecret: (input: Input) => cancelRotation(secrets, input),
  UpdateSecretVersionStage: (input: Input) => updateStage(secrets, input),
});
