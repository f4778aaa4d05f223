import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  type RotateSecretCommandInput,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testGraph } from "../testing/host.ts";
import { startParts } from "../testing/parts.ts";
import { secretsManagerAt } from "./part.ts";

const lambda = "arn:aws:lambda:us-east-1:123456789012:function:rotate";
const monthly = { AutomaticallyAfterDays: 30 };
const DAY = 86_400_000;

type Event = { SecretId: string; ClientRequestToken: string; Step: string };

let now = Date.parse("2026-11-21T10:00:00Z");
/** The steps that were asked for, by the secret's ARN. */
const steps = new Map<string, string[]>();
const stepsOf = async (name: string): Promise<string[]> => steps.get((await describeSecret(name)).ARN!) ?? [];
/** Fails before the step of this name. */
let failing: string | undefined;
let cloud: Awaited<ReturnType<typeof startParts>>;
let sdk: SecretsManagerClient;

/** A rotation function as AWS's template has it: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
const rotate = async ({ SecretId, ClientRequestToken: token, Step }: Event): Promise<void> => {
  steps.set(SecretId, [...(steps.get(SecretId) ?? []), Step]);
  if (Step === failing) throw new Error("The database does not answer.");
  const { VersionIdsToStages: stages = {} } = await describeSecret(SecretId);
  expect(stages[token]).toContain("AWSPENDING");
  if (Step === "createSecret" && (await failure(value(SecretId, { VersionId: token }))) === "ResourceNotFoundException")
    await sdk.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken: token,
        SecretString: `made for ${token}`,
        VersionStages: ["AWSPENDING"],
      }),
    );
  if (Step === "testSecret") expect(await value(SecretId, { VersionStage: "AWSPENDING" })).not.toBe("");
  if (Step === "finishSecret")
    await sdk.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: token,
        RemoveFromVersionId: Object.keys(stages).find((id) => stages[id]?.includes("AWSCURRENT")),
      }),
    );
};

beforeAll(async () => {
  cloud = await startParts([secretsManagerAt(() => now)], {
    invoke: async (name, payload) => {
      expect(name).toBe(lambda);
      try {
        await rotate(payload as Event);
        return { payload: null };
      } catch (error) {
        return { payload: null, error: { errorType: "Error", errorMessage: String(error) } };
      }
    },
  });
  sdk = new SecretsManagerClient(cloud.client);
  const fn = { type: "aws:lambda/function:Function", name: "Rotate", outputs: { name: "rotate", arn: lambda } };
  const permission = { function: "rotate", principal: "secretsmanager.amazonaws.com", action: "lambda:InvokeFunction" };
  await cloud.parts[0]?.apply?.(
    testGraph([fn, { type: "aws:lambda/permission:Permission", name: "RotatePermission", outputs: permission }]),
  );
});
afterAll(() => cloud.close());
beforeEach(() => {
  failing = undefined;
});

const value = async (SecretId: string, more: object = {}) =>
  (await sdk.send(new GetSecretValueCommand({ SecretId, ...more }))).SecretString;
const describeSecret = (SecretId: string) => sdk.send(new DescribeSecretCommand({ SecretId }));
const turnOn = (SecretId: string, more: Partial<RotateSecretCommandInput> = {}) =>
  sdk.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: lambda, RotationRules: monthly, ...more }));
const failure = async (call: Promise<unknown>) =>
  call.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
let count = 0;
const make = async (): Promise<string> => {
  const Name = `rotated/${(count += 1)}`;
  await sdk.send(new CreateSecretCommand({ Name, SecretString: "first" }));
  return Name;
};
const until = (ask: () => Promise<unknown>) => expect.poll(ask, { interval: 10 });
const all = ["createSecret", "setSecret", "testSecret", "finishSecret"];

describe("a secret that is rotated", () => {
  test("gets the function's four steps, a new current value, and keeps the one before", async () => {
    const name = await make();
    const { VersionId } = await turnOn(name);
    await until(() => value(name)).toBe(`made for ${VersionId}`);
    await until(async () => (await describeSecret(name)).LastRotatedDate?.getTime()).toBe(now);
    expect(await stepsOf(name)).toEqual(all);
    expect(await value(name, { VersionStage: "AWSPREVIOUS" })).toBe("first");
    expect(await describeSecret(name)).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: lambda,
      RotationRules: monthly,
      NextRotationDate: new Date(now + 30 * DAY),
      VersionIdsToStages: { [VersionId!]: expect.arrayContaining(["AWSCURRENT", "AWSPENDING"]) },
    });
    // The label on the current version is no rotation in progress.
    await turnOn(name);
    await until(() => value(name, { VersionStage: "AWSPREVIOUS" })).toBe(`made for ${VersionId}`);
  });

  test("is not rotated by turning it on for later: the function is only tried on a copy", async () => {
    const name = await make();
    await turnOn(name, { RotateImmediately: false });
    await until(() => stepsOf(name)).toEqual(["testSecret"]);
    await until(async () => Object.keys((await describeSecret(name)).VersionIdsToStages ?? {}).length).toBe(1);
    expect(await value(name)).toBe("first");
    expect((await describeSecret(name)).LastRotatedDate).toBeUndefined();
  });

  test("is rotated when its day has come, and no earlier, and again a period later", async () => {
    const name = await make();
    await turnOn(name, { RotateImmediately: false });
    await until(() => stepsOf(name)).toEqual(["testSecret"]);
    const sweep = async (): Promise<void> => {
      await cloud.parts[0]?.start?.();
    };
    now += 30 * DAY - 1000;
    await sweep();
    expect(await value(name)).toBe("first");
    now += 1000;
    await sweep();
    await until(() => value(name)).toMatch(/^made for/);
    await until(async () => (await describeSecret(name)).NextRotationDate?.getTime()).toBe(now + 30 * DAY);
    const second = await value(name);
    now += 30 * DAY;
    await sweep();
    await until(() => value(name, { VersionStage: "AWSPREVIOUS" })).toBe(second);
  });

  test.for(all)("whose function fails in %s keeps its value, and the same rotation is tried again", async (step) => {
    const name = await make();
    failing = step;
    const { VersionId } = await turnOn(name);
    await until(async () => (await stepsOf(name)).at(-1)).toBe(step);
    expect(await value(name)).toBe("first");
    expect(await failure(turnOn(name))).toBe("InvalidRequestException");
    failing = undefined;
    await turnOn(name).catch(() => undefined);
    await until(() => value(name)).toBe(`made for ${VersionId}`);
    expect(Object.keys((await describeSecret(name)).VersionIdsToStages ?? {})).toHaveLength(2);
  });

  test("that is deleted is rotated no more", async () => {
    const name = await make();
    failing = "setSecret";
    await turnOn(name);
    await until(async () => (await stepsOf(name)).at(-1)).toBe("setSecret");
    await sdk.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
    now += 31 * DAY;
    await cloud.parts[0]?.start?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await failure(describeSecret(name))).toBe("ResourceNotFoundException");
    expect([...steps].find(([arn]) => arn.includes(`:secret:${name}-`))?.[1]).toEqual(["createSecret", "setSecret"]);
  });

  test("can be told to stop", async () => {
    const name = await make();
    await turnOn(name, { RotateImmediately: false });
    await until(() => stepsOf(name)).toEqual(["testSecret"]);
    await sdk.send(new CancelRotateSecretCommand({ SecretId: name }));
    expect(await describeSecret(name)).toMatchObject({ RotationEnabled: false, RotationLambdaARN: lambda });
    now += 31 * DAY;
    await cloud.parts[0]?.start?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await value(name)).toBe("first");
  });
});

describe("rotation is refused", () => {
  test.for([
    ["without a function", { RotationLambdaARN: undefined }, "InvalidRequestException"],
    [
      "by a function whose policy does not name Secrets Manager",
      { RotationLambdaARN: `${lambda}-2` },
      "AccessDeniedException",
    ],
    ["without rules", { RotationRules: undefined }, "InvalidParameterException"],
    ["after no day", { RotationRules: { AutomaticallyAfterDays: 0 } }, "InvalidParameterException"],
    [
      "by days and a schedule",
      { RotationRules: { ...monthly, ScheduleExpression: "rate(1 day)" } },
      "InvalidParameterException",
    ],
    ["every hour", { RotationRules: { ScheduleExpression: "rate(1 hour)" } }, "InvalidParameterException"],
  ] as const)("%s", async ([, input, error]) => {
    expect(await failure(turnOn(await make(), input))).toBe(error);
  });
});

describe("a staging label", () => {
  test("moves only from the version that has it, and AWSCURRENT leaves AWSPREVIOUS behind", async () => {
    const name = await make();
    const put = (SecretString: string, VersionStages: string[]) =>
      sdk.send(new PutSecretValueCommand({ SecretId: name, SecretString, VersionStages }));
    const first = Object.keys((await describeSecret(name)).VersionIdsToStages ?? {})[0]!;
    const { VersionId: second } = await put("second", ["mine"]);
    const move = (input: object) =>
      sdk.send(new UpdateSecretVersionStageCommand({ SecretId: name, VersionStage: "AWSCURRENT", ...input }));
    expect(await failure(move({ MoveToVersionId: second }))).toBe("InvalidParameterException");
    expect(await failure(move({ MoveToVersionId: second, RemoveFromVersionId: second }))).toBe(
      "InvalidParameterException",
    );
    expect(await failure(move({ RemoveFromVersionId: first }))).toBe("InvalidParameterException");
    await move({ MoveToVersionId: second, RemoveFromVersionId: first });
    await move({ MoveToVersionId: second, RemoveFromVersionId: first });
    expect((await describeSecret(name)).VersionIdsToStages).toEqual({
      [first]: ["AWSPREVIOUS"],
      [second!]: ["mine", "AWSCURRENT"],
    });
    await move({ VersionStage: "mine", RemoveFromVersionId: second });
    expect(await failure(value(name, { VersionStage: "mine" }))).toBe("ResourceNotFoundException");
  });
});

test("a tag of AWS's own can be set by AWS only, and what it marks is not the user's to change", async () => {
  const Tags = [{ Key: "aws:secretsmanager:owningService", Value: "rds" }];
  const create = new CreateSecretCommand({ Name: "rds!cluster-1", SecretString: "first", Tags });
  expect(await failure(sdk.send(create))).toBe("InvalidParameterException");
  await cloud.host.call("secretsmanager", "CreateSecret", { Name: "rds!cluster-1", SecretString: "first", Tags });
  expect((await describeSecret("rds!cluster-1")).OwningService).toBe("rds");
  const put = new PutSecretValueCommand({ SecretId: "rds!cluster-1", SecretString: "mine" });
  expect(await failure(sdk.send(put))).toBe("InvalidRequestException");
  const gone = new DeleteSecretCommand({ SecretId: "rds!cluster-1", ForceDeleteWithoutRecovery: true });
  expect(await failure(sdk.send(gone))).toBe("InvalidRequestException");
});
