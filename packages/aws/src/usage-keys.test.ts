import {
  APIGatewayClient,
  CreateApiKeyCommand,
  GetApiKeyCommand,
  GetApiKeysCommand,
  GetUsagePlansCommand,
} from "@aws-sdk/client-api-gateway";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { usageKeyOf } from "@tenantry/core/tenant/usage-key";
import { createApiServer } from "@tenantry/local-cloud/api/server";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { gatewayUsageKeys } from "./usage-keys.ts";

const prefix = "tenantry-test-";
const arn = (path: string) => `arn:aws:apigateway:us-east-1::${path}`;
const plan = (id: string, name: string, tags: object = { "managed-by": prefix }) => ({
  type: "aws:apigateway/usagePlan:UsagePlan",
  name: id,
  inputs: { name, apiStages: [{ apiId: "api1", stage: "test" }], tags },
});

/** The roles are those of the tasks, so that an action too few shows here. */
const ours = (variable: string) => ({ StringEquals: { [variable]: prefix } });
const graph = graphOf(
  plan("p1", `${prefix}standard`),
  plan("p2", `${prefix}premium`),
  plan("p3", "others-standard", {}),
  roleOf("provision", [
    { Effect: "Allow", Action: "apigateway:GET", Resource: [arn("/apikeys"), arn("/usageplans")] },
    {
      Effect: "Allow",
      Action: "apigateway:POST",
      Resource: arn("/apikeys"),
      Condition: ours("aws:RequestTag/managed-by"),
    },
    {
      Effect: "Allow",
      Action: "apigateway:PUT",
      Resource: arn("/tags/*"),
      Condition: ours("aws:RequestTag/managed-by"),
    },
    {
      Effect: "Allow",
      Action: "apigateway:POST",
      Resource: arn("/usageplans/*/keys"),
      Condition: ours("aws:ResourceTag/managed-by"),
    },
  ]),
  roleOf("release", [
    { Effect: "Allow", Action: "apigateway:GET", Resource: arn("/apikeys") },
    {
      Effect: "Allow",
      Action: "apigateway:DELETE",
      Resource: arn("/apikeys/*"),
      Condition: ours("aws:ResourceTag/managed-by"),
    },
  ]),
);

let cloud: TestCloud;
let operator: APIGatewayClient;
const as = (role: string) => gatewayUsageKeys(prefix, new APIGatewayClient(cloud.client(role)));

beforeAll(async () => {
  const server = await createApiServer({ port: 0 });
  cloud = await startTestCloud([(host) => server.part(host)]);
  await cloud.apply(graph);
  operator = new APIGatewayClient(cloud.client());
});
afterAll(() => cloud.close());

const keysOf = async (tenantId: string) =>
  (await operator.send(new GetApiKeysCommand({ nameQuery: `${prefix}${tenantId}`, includeValues: true }))).items ?? [];
const plansOf = async (keyId: string) =>
  (await operator.send(new GetUsagePlansCommand({ keyId }))).items?.map(({ name }) => name);

describe("a tenant's usage key", () => {
  test("is one, enabled, in the plan of its tier, under a value that the authorizer can tell", async () => {
    const tenantId = newId("tenant");
    const id = await as("provision").ensure({ tenantId, tier: "premium" });
    expect(await keysOf(tenantId)).toMatchObject([
      { id, enabled: true, value: usageKeyOf(tenantId), tags: { "managed-by": prefix, tenant: tenantId } },
    ]);
    expect(usageKeyOf(tenantId)).toMatch(/^[A-Za-z0-9]{20,128}$/);
    expect(await plansOf(id)).toEqual([`${prefix}premium`]);
    expect(await as("provision").ensure({ tenantId, tier: "premium" })).toBe(id);
    expect(await keysOf(tenantId)).toHaveLength(1);
  });

  test("is one, however many runs make it at once; one that was left without a plan is taken over", async () => {
    const tenantId = newId("tenant");
    const runs = Array.from({ length: 5 }, () => as("provision").ensure({ tenantId, tier: "standard" }));
    const settled = await Promise.allSettled(runs);
    const reasons = settled.flatMap((run) => (run.status === "rejected" ? [String(run.reason)] : []));
    expect(reasons.filter((reason) => !reason.startsWith("TransientError"))).toEqual([]);
    const id = await as("provision").ensure({ tenantId, tier: "standard" });
    expect((await keysOf(tenantId)).map((key) => key.id)).toEqual([id]);
    expect(await plansOf(id)).toEqual([`${prefix}standard`]);

    const half = newId("tenant");
    const made = await operator.send(
      new CreateApiKeyCommand({
        name: `${prefix}${half}`,
        value: usageKeyOf(half),
        enabled: true,
        tags: { "managed-by": prefix, tenant: half },
      }),
    );
    expect(await as("provision").ensure({ tenantId: half, tier: "standard" })).toBe(made.id);
    expect(await plansOf(made.id!)).toEqual([`${prefix}standard`]);
  });

  test("goes with its tenant alone, twice, and whether or not it was made", async () => {
    const [tenantId, other] = [newId("tenant"), newId("tenant")];
    await as("provision").ensure({ tenantId, tier: "standard" });
    const kept = await as("provision").ensure({ tenantId: other, tier: "standard" });
    // Somebody else's, of a name that begins alike.
    const { id: foreign } = await operator.send(new CreateApiKeyCommand({ name: `${prefix}${tenantId}-else` }));
    const tenant = aTenant({ id: tenantId });
    await as("release").release(tenant);
    await as("release").release(tenant);
    await as("release").release(aTenant({ id: newId("tenant") }));
    expect((await keysOf(tenantId)).map(({ id }) => id)).toEqual([foreign]);
    expect(await operator.send(new GetApiKeyCommand({ apiKey: kept }))).toMatchObject({ id: kept });
  });

  test("is not made where its tier has no plan", async () => {
    const tenantId = newId("tenant");
    await expect(as("provision").ensure({ tenantId, tier: "trial" })).rejects.toThrow(
      /no usage plan tenantry-test-trial/,
    );
    expect(await keysOf(tenantId)).toEqual([]);
  });
});
