import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import { testGraph } from "../testing/host.ts";
import { startParts } from "../testing/parts.ts";
import { secretsManager } from "./part.ts";

let cloud: Awaited<ReturnType<typeof startParts>>;
let sdk: SecretsManagerClient;
beforeAll(async () => {
  cloud = await startParts([secretsManager]);
  sdk = new SecretsManagerClient(cloud.client);
});
afterAll(() => cloud.close());

const value = async (SecretId: string, more: object = {}) =>
  (await sdk.send(new GetSecretValueCommand({ SecretId, ...more }))).SecretString;
const put = (SecretId: string, SecretString: string, ClientRequestToken?: string) =>
  sdk.send(new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken }));
const failure = async (call: Promise<unknown>) =>
  call.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

describe("a secret", () => {
  test("is read by its name, its ARN and its ARN without the suffix", async () => {
    const { ARN = "" } = await sdk.send(new CreateSecretCommand({ Name: "db/master", SecretString: "one" }));
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:123456789012:secret:db\/master-\w{6}$/);
    for (const id of ["db/master", ARN, ARN.slice(0, -7)]) expect(await value(id)).toBe("one");
    expect(await failure(value("db"))).toBe("ResourceNotFoundException");
    expect(await failure(value(`${ARN.slice(0, -6)}xxxxxx`))).toBe("ResourceNotFoundException");
    const again = new CreateSecretCommand({ Name: "db/master", SecretString: "two" });
    expect(await failure(sdk.send(again))).toBe("ResourceExistsException");
  });

  test("keeps its previous value when it gets a new one", async () => {
    await sdk.send(new CreateSecretCommand({ Name: "rotating", SecretString: "one" }));
    const { VersionId, VersionStages } = await put("rotating", "two");
    expect(VersionStages).toEqual(["AWSCURRENT"]);
    expect(await value("rotating")).toBe("two");
    expect(await value("rotating", { VersionStage: "AWSPREVIOUS" })).toBe("one");
    await sdk.send(new UpdateSecretCommand({ SecretId: "rotating", SecretString: "three", Description: "third" }));
    expect(await value("rotating", { VersionStage: "AWSPREVIOUS" })).toBe("two");
    expect(await value("rotating", { VersionId })).toBe("two");
    const described = await sdk.send(new DescribeSecretCommand({ SecretId: "rotating" }));
    expect(described.Description).toBe("third");
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .toSorted(),
    ).toEqual(["AWSCURRENT", "AWSPREVIOUS"]);
  });

  test("takes a repeated request once and refuses another value under its token", async () => {
    await sdk.send(new CreateSecretCommand({ Name: "idempotent", SecretString: "one" }));
    const token = "11111111-1111-4111-8111-111111111111";
    await put("idempotent", "two", token);
    await put("idempotent", "two", token);
    expect(await value("idempotent", { VersionStage: "AWSPREVIOUS" })).toBe("one");
    expect(await failure(put("idempotent", "three", token))).toBe("ResourceExistsException");
  });

  test("that is deleted cannot be read until it is restored; by force it is gone at once", async () => {
    await sdk.send(new CreateSecretCommand({ Name: "doomed", SecretString: "one" }));
    await sdk.send(new DeleteSecretCommand({ SecretId: "doomed", RecoveryWindowInDays: 7 }));
    expect(await failure(value("doomed"))).toBe("InvalidRequestException");
    const create = () => sdk.send(new CreateSecretCommand({ Name: "doomed", SecretString: "two" }));
    expect(await failure(create())).toBe("InvalidRequestException");
    await sdk.send(new RestoreSecretCommand({ SecretId: "doomed" }));
    expect(await value("doomed")).toBe("one");
    await sdk.send(new DeleteSecretCommand({ SecretId: "doomed", ForceDeleteWithoutRecovery: true }));
    expect(await failure(value("doomed"))).toBe("ResourceNotFoundException");
    await create();
    const short = new DeleteSecretCommand({ SecretId: "doomed", RecoveryWindowInDays: 3 });
    expect(await failure(sdk.send(short))).toBe("InvalidParameterException");
  });

  test("may be bytes", async () => {
    const SecretBinary = Buffer.from([0, 255, 1]);
    await sdk.send(new CreateSecretCommand({ Name: "bytes", SecretBinary }));
    const read = await sdk.send(new GetSecretValueCommand({ SecretId: "bytes" }));
    expect(Buffer.from(read.SecretBinary ?? [])).toEqual(SecretBinary);
    expect(read.SecretString).toBeUndefined();
  });

  test("is listed with its tags, in pages", async () => {
    for (const Name of ["list/a", "list/b", "list/c"]) await sdk.send(new CreateSecretCommand({ Name }));
    await sdk.send(new TagResourceCommand({ SecretId: "list/b", Tags: [{ Key: "tenant", Value: "acme" }] }));
    const list = (input: object) => sdk.send(new ListSecretsCommand(input));
    const Filters = [{ Key: "name" as const, Values: ["list/"] }];
    const first = await list({ Filters, MaxResults: 2 });
    const second = await list({ Filters, MaxResults: 2, NextToken: first.NextToken });
    const names = [...(first.SecretList ?? []), ...(second.SecretList ?? [])].map(({ Name }) => Name);
    expect(names).toEqual(["list/a", "list/b", "list/c"]);
    expect(second.NextToken).toBeUndefined();
    const tagged = await list({ Filters: [{ Key: "tag-key" as const, Values: ["tenant"] }] });
    expect(tagged.SecretList?.map(({ Name }) => Name)).toEqual(["list/b"]);
    expect(await failure(sdk.send(new GetRandomPasswordCommand({})))).toBe("NotImplemented");
  });
});

describe("the stack's secret", () => {
  const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cursor-AbCdEf";
  const apply = (secretString: string) =>
    cloud.parts[0]?.apply?.(
      testGraph([
        { type: "aws:secretsmanager/secret:Secret", name: "Cursor", outputs: { name: "cursor", arn } },
        {
          type: "aws:secretsmanager/secretVersion:SecretVersion",
          name: "CursorVersion",
          outputs: { secretId: arn, secretString },
        },
      ]),
    );

  test("has the ARN and the value of the graph; applied again it keeps what was put since", async () => {
    await apply("from the stack");
    expect(await value(arn)).toBe("from the stack");
    await put(arn, "rotated");
    await apply("from the stack");
    expect(await value("cursor")).toBe("rotated");
    await apply("changed in the stack");
    expect(await value("cursor")).toBe("changed in the stack");
    expect(await value("cursor", { VersionStage: "AWSPREVIOUS" })).toBe("rotated");
  });
});

test("values do not lie in the store in plain", async () => {
  await sdk.send(new CreateSecretCommand({ Name: "visible-name", SecretString: "invisible-value" }));
  const files = (await readdir(cloud.data)).filter((name) => name.startsWith("store.sqlite"));
  const stored = Buffer.concat(await Promise.all(files.map((name) => readFile(join(cloud.data, name)))));
  expect(stored.includes("visible-name")).toBe(true);
  expect(stored.includes("invisible-value")).toBe(false);
});
