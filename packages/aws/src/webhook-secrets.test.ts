import {
  CreateSecretCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { secretsManager } from "@tenantry/local-cloud/services/secrets/part";
import { afterAll, beforeAll, expect, test } from "vitest";
import { webhookSecrets } from "./webhook-secrets.ts";

const folder = "tenantry/test/webhooks";
let cloud: TestCloud;
let client: SecretsManagerClient;

beforeAll(async () => {
  cloud = await startTestCloud([secretsManager]);
  client = new SecretsManagerClient(cloud.client());
});
afterAll(() => cloud.close());

const secrets = () => webhookSecrets(folder, client);
const day = (number: number) => new Date(Date.UTC(2026, 10, number)).toISOString();
let count = 0;
const newId = () => `whk_${(count += 1)}`;

test("a secret that is replaced goes on signing until its end", async () => {
  const id = newId();
  const first = await secrets().create(id);
  expect(await secrets().read(id, day(1))).toEqual([first]);
  const second = await secrets().rotate(id, day(1), day(3));
  const third = await secrets().rotate(id, day(2), day(4));
  expect(new Set([first, second, third]).size).toBe(3);
  expect(await secrets().read(id, day(2))).toEqual([third, second, first]);
  expect(await secrets().read(id, day(3))).toEqual([third, second]);
  expect(await secrets().read(id, day(4))).toEqual([third]);
});

test("a rotation without an overlap ends all of before, whatever they were promised", async () => {
  const id = newId();
  await secrets().create(id);
  await secrets().rotate(id, day(1), day(9));
  const last = await secrets().rotate(id, day(2), day(2));
  expect(await secrets().read(id, day(2))).toEqual([last]);
});

test("of rotations at once one is made, and no secret that was handed out is lost", async () => {
  const id = newId();
  const first = await secrets().create(id);
  const made = await Promise.all(Array.from({ length: 5 }, () => secrets().rotate(id, day(1), day(2))));
  const handedOut = made.filter((secret) => secret !== null);
  expect(handedOut.length).toBeGreaterThan(0);
  expect(new Set(await secrets().read(id, day(1)))).toEqual(new Set([...handedOut, first]));
});

test("a secret from before there was rotation is read and replaced", async () => {
  const id = newId();
  await client.send(new CreateSecretCommand({ Name: `${folder}/${id}`, SecretString: "whsec_old" }));
  expect(await secrets().read(id, day(1))).toEqual(["whsec_old"]);
  const next = await secrets().rotate(id, day(1), day(2));
  expect(await secrets().read(id, day(1))).toEqual([next, "whsec_old"]);
});

test("a webhook that is gone has none, and none is made", async () => {
  const id = newId();
  await secrets().create(id);
  await secrets().remove(id);
  await secrets().remove(id);
  expect(await secrets().read(id, day(1))).toBeNull();
  expect(await secrets().rotate(id, day(1), day(2))).toBeNull();
  const { SecretList = [] } = await client.send(new ListSecretsCommand({}));
  expect(SecretList.map(({ Name }) => Name)).not.toContain(`${folder}/${id}`);
});

test("what is kept is nothing else than what was written", async () => {
  const id = newId();
  await secrets().create(id);
  await client.send(new PutSecretValueCommand({ SecretId: `${folder}/${id}`, SecretString: "{}" }));
  await expect(secrets().read(id, day(1))).rejects.toThrow("serial");
});
