import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  DeleteUsagePlanKeyCommand,
  GetApiKeyCommand,
  GetUsageCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeyCommand,
  GetUsagePlanKeysCommand,
  GetUsagePlansCommand,
  paginateGetApiKeys,
} from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../../gateway/testing.ts";
import { resource } from "../../lambda/fixture.ts";
import { authorizer, method } from "../fixture.ts";
import { type ApiServer, createApiServer } from "../server.ts";

const plan = (id: string, inputs: Record<string, unknown>) =>
  resource("aws:apigateway/usagePlan:UsagePlan", id, {
    name: `shop-${id}`,
    apiStages: [{ apiId: "api1", stage: "local" }],
    ...inputs,
  });

const graphWith = (apiKeySource: string, ...more: Parameters<typeof graphOf>) =>
  graphOf(
    resource("aws:apigateway/restApi:RestApi", "api1", { name: "api", apiKeySource }),
    resource("aws:apigateway/stage:Stage", "stage", { restApi: "api1", stageName: "local", deployment: "d1" }),
    resource("aws:apigateway/resource:Resource", "things", { restApi: "api1", parentId: "root", pathPart: "things" }),
    resource("aws:apigateway/resource:Resource", "open", { restApi: "api1", parentId: "root", pathPart: "open" }),
    authorizer("judge", { authorizerResultTtlInSeconds: 20 }),
    ...method("things", "GET", "echo", {
      ...(apiKeySource === "AUTHORIZER" ? { authorization: "CUSTOM", authorizerId: "judge" } : {}),
      apiKeyRequired: true,
    }),
    ...method("open", "GET", "echo"),
    resource("aws:apigateway/response:Response", "Throttled", {
      restApiId: "api1",
      responseType: "THROTTLED",
      statusCode: "429",
      responseParameters: { "gatewayresponse.header.Retry-After": "'1'" },
      responseTemplates: { "application/json": '{"type":"$context.error.responseType"}' },
    }),
    plan("slow", { throttleSettings: { rateLimit: 1, burstLimit: 5 } }),
    plan("daily", { quotaSettings: { limit: 3, period: "DAY" } }),
    plan("free", {}),
    plan("elsewhere", { apiStages: [{ apiId: "api2", stage: "local" }] }),
    ...more,
    roleOf("maker", [
      {
        Effect: "Allow",
        Action: ["apigateway:POST", "apigateway:PUT"],
        Resource: ["arn:aws:apigateway:us-east-1::/apikeys", "arn:aws:apigateway:us-east-1::/tags/*"],
        Condition: { StringEquals: { "aws:RequestTag/managed-by": "shop" } },
      },
      {
        Effect: "Allow",
        Action: "apigateway:DELETE",
        Resource: "arn:aws:apigateway:us-east-1::/apikeys/*",
        Condition: { StringEquals: { "aws:ResourceTag/managed-by": "shop" } },
      },
    ]),
  );

const deployedKey = [
  resource("aws:apigateway/apiKey:ApiKey", "staff", { name: "staff", value: "staff0123456789012345" }),
  resource("aws:apigateway/usagePlanKey:UsagePlanKey", "staffFree", {
    keyId: "staff",
    keyType: "API_KEY",
    usagePlanId: "free",
  }),
];

let cloud: TestCloud;
let server: ApiServer;
let client: APIGatewayClient;

beforeAll(async () => {
  server = await createApiServer({ port: 0 });
  // Whoever bears a token is counted under the key of that value; `keyless` is given none.
  cloud = await startTestCloud([(host) => server.part(host)], undefined, async (name, payload) => {
    if (!name.includes("authorizer")) return { payload: { statusCode: 200, body: JSON.stringify(payload) } };
    const { headers, methodArn } = payload as { headers: Record<string, string>; methodArn: string };
    const token = (headers["Authorization"] ?? headers["authorization"] ?? "").slice(7);
    return {
      payload: {
        principalId: token,
        policyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: methodArn }],
        },
        ...(token === "keyless" ? {} : { usageIdentifierKey: token }),
      },
    };
  });
  await cloud.apply(graphWith("AUTHORIZER", ...deployedKey));
  client = new APIGatewayClient(cloud.client());
});
afterAll(async () => {
  await cloud.close();
});

let turn = 0;
const freshValue = () => `value0123456789012345x${(turn += 1)}`;
const makeKey = async (planId?: string, more: object = {}) => {
  const made = await client.send(
    new CreateApiKeyCommand({ name: `key-${turn}`, value: freshValue(), enabled: true, ...more }),
  );
  const key = { id: made.id!, value: made.value! };
  if (planId !== undefined)
    await client.send(new CreateUsagePlanKeyCommand({ usagePlanId: planId, keyId: key.id, keyType: "API_KEY" }));
  return key;
};
const ask = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/things`, { headers: { authorization: `Bearer ${token}`, ...headers } });
const statuses = async (token: string, count: number) => {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(token)));
  return answers.map(({ status }) => status);
};

describe("what is asked of API Gateway by its SDK", () => {
  test("makes a key with a value of the caller's or its own, once", async () => {
    const value = freshValue();
    const made = await client.send(
      new CreateApiKeyCommand({ name: "one", value, enabled: true, description: "d", tags: { a: "b" } }),
    );
    expect(made).toMatchObject({ id: expect.any(String), name: "one", value, enabled: true, tags: { a: "b" } });
    expect(made.createdDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    await expect(client.send(new CreateApiKeyCommand({ name: "two", value }))).rejects.toMatchObject({
      name: "ConflictException",
    });
    const generated = await client.send(new CreateApiKeyCommand({ name: "three" }));
    expect(generated).toMatchObject({ value: expect.stringMatching(/^[A-Za-z0-9]{40}$/), enabled: false });
    for (const unlawful of ["short", "with-a-hyphen-01234567890", "x".repeat(129)])
      await expect(client.send(new CreateApiKeyCommand({ value: unlawful }))).rejects.toMatchObject({
        name: "BadRequestException",
      });
  });

  test("lists keys by the beginning of their name, page by page, with values only when asked", async () => {
    for (let each = 0; each < 5; each += 1) await makeKey(undefined, { name: `listed-${each}` });
    const listed = async (includeValues: boolean) => {
      const pages = [];
      for await (const { items } of paginateGetApiKeys(
        { client, pageSize: 2 },
        { nameQuery: "listed-", includeValues },
      ))
        pages.push(items ?? []);
      return pages;
    };
    const pages = await listed(false);
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(new Set(pages.flat().map(({ name }) => name))).toEqual(
      new Set([0, 1, 2, 3, 4].map((each) => `listed-${each}`)),
    );
    expect(pages.flat().every(({ value }) => value === undefined)).toBe(true);
    expect((await listed(true)).flat().every(({ value }) => value !== undefined)).toBe(true);
  });

  test("puts a key into a plan, once, and into no second plan of the same stage", async () => {
    const { id: keyId, value } = await makeKey();
    const attach = (usagePlanId: string) =>
      client.send(new CreateUsagePlanKeyCommand({ usagePlanId, keyId, keyType: "API_KEY" }));
    expect(await attach("slow")).toMatchObject({ id: keyId, type: "API_KEY", value });
    for (const again of ["slow", "free"])
      await expect(attach(again)).rejects.toMatchObject({ name: "ConflictException" });
    await attach("elsewhere");
    const { items } = await client.send(new GetUsagePlansCommand({ keyId }));
    expect(items?.map(({ name }) => name).toSorted()).toEqual(["shop-elsewhere", "shop-slow"]);
    const within = { usagePlanId: "slow", keyId };
    expect(await client.send(new GetUsagePlanKeyCommand(within))).toMatchObject({ id: keyId });
    const inPlan = await client.send(new GetUsagePlanKeysCommand({ usagePlanId: "slow", limit: 500 }));
    expect(inPlan.items?.map(({ id }) => id)).toContain(keyId);
    await client.send(new DeleteUsagePlanKeyCommand(within));
    for (const gone of [new GetUsagePlanKeyCommand(within), new DeleteUsagePlanKeyCommand(within)])
      await expect(client.send(gone)).rejects.toMatchObject({ name: "NotFoundException" });
  });

  test("describes plans as they were deployed", async () => {
    expect(await client.send(new GetUsagePlanCommand({ usagePlanId: "slow" }))).toMatchObject({
      name: "shop-slow",
      throttle: { rateLimit: 1, burstLimit: 5 },
      apiStages: [{ apiId: "api1", stage: "local" }],
    });
    expect((await client.send(new GetUsagePlansCommand({ limit: 500 }))).items).toHaveLength(4);
    await expect(client.send(new GetUsagePlanCommand({ usagePlanId: "none" }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  test("takes a key away with its place in the plan", async () => {
    const { id: apiKey, value } = await makeKey("slow");
    await client.send(new DeleteApiKeyCommand({ apiKey }));
    for (const gone of [new GetApiKeyCommand({ apiKey }), new DeleteApiKeyCommand({ apiKey })])
      await expect(client.send(gone)).rejects.toMatchObject({ name: "NotFoundException" });
    expect((await client.send(new GetUsagePlansCommand({ keyId: apiKey }))).items).toEqual([]);
    expect((await ask(value)).status).toBe(403);
  });

  test("lets a role make and delete keys under its tag only", async () => {
    const maker = new APIGatewayClient(cloud.client("maker"));
    const { id: apiKey } = await maker.send(new CreateApiKeyCommand({ name: "own", tags: { "managed-by": "shop" } }));
    const { id: other } = await makeKey();
    for (const call of [
      () => maker.send(new CreateApiKeyCommand({ name: "untagged" })),
      () => maker.send(new CreateApiKeyCommand({ name: "else", tags: { "managed-by": "else" } })),
      () => maker.send(new DeleteApiKeyCommand({ apiKey: other })),
      () => maker.send(new GetApiKeyCommand({ apiKey })),
    ])
      await expect(call()).rejects.toMatchObject({ name: "AccessDeniedException" });
    await maker.send(new DeleteApiKeyCommand({ apiKey }));
  });
});

describe("a method that asks for a key", () => {
  test("admits as many at once as the burst holds, fills it by the rate, and slows nobody else", async () => {
    const [noisy, quiet] = [await makeKey("slow"), await makeKey("slow")];
    const begun = performance.now();
    const all = await statuses(noisy.value, 40);
    const filled = Math.ceil((performance.now() - begun) / 1000);
    const admitted = all.filter((status) => status === 200).length;
    expect(admitted).toBeGreaterThanOrEqual(5);
    expect(admitted).toBeLessThanOrEqual(5 + filled);
    expect(all.filter((status) => status === 429)).toHaveLength(40 - admitted);
    expect(await statuses(quiet.value, 5)).toEqual([200, 200, 200, 200, 200]);
    const refused = await ask(noisy.value);
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      429,
      "1",
      { type: "THROTTLED" },
    ]);
    await expect.poll(async () => (await ask(noisy.value)).status).toBe(200);
  });

  test("counts a day's requests by key, and says what is left", async () => {
    const key = await makeKey("daily");
    expect((await statuses(key.value, 5)).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429, 429]);
    const refused = await ask(key.value);
    expect(refused.headers.get("x-amzn-errortype")).toBe("LimitExceededException");
    expect(await refused.json()).toEqual({ message: "Limit Exceeded" });
    const day = new Date().toISOString().slice(0, 10);
    const usage = await client.send(
      new GetUsageCommand({ usagePlanId: "daily", keyId: key.id, startDate: day, endDate: day }),
    );
    expect(usage.items).toEqual({ [key.id]: [[3, 0]] });
  });

  test("refuses who is given no key, an unknown or disabled one, or one of another stage's plan", async () => {
    const values = [
      "keyless",
      "unknown01234567890123",
      (await makeKey("free", { enabled: false })).value,
      (await makeKey("elsewhere")).value,
      (await makeKey()).value,
    ];
    for (const value of values) expect((await ask(value)).status).toBe(403);
    // The header speaks for nobody where the authorizer names the key.
    const { value } = await makeKey("free");
    expect((await ask("keyless", { "x-api-key": value })).status).toBe(403);
  });

  test("counts nobody where the plan has no limits, and tells the function which key it was", async () => {
    expect(new Set(await statuses("staff0123456789012345", 60))).toEqual(new Set([200]));
    const event = (await (await ask("staff0123456789012345")).json()) as {
      requestContext: { identity: { apiKeyId: string } };
    };
    expect(event.requestContext.identity.apiKeyId).toBe("staff");
    expect((await fetch(`${server.url}/open`)).status).toBe(200);
  });

  test("reads the key from the header where the API says so; what was deployed goes with the deployment", async () => {
    const { value } = await makeKey("free");
    await cloud.apply(graphWith("HEADER"));
    const by = async (key?: string) =>
      (await fetch(`${server.url}/things`, key === undefined ? {} : { headers: { "x-api-key": key } })).status;
    expect([await by(), await by(value), await by("staff0123456789012345")]).toEqual([403, 200, 403]);
    await cloud.apply(graphWith("AUTHORIZER", ...deployedKey));
    expect((await ask("staff0123456789012345")).status).toBe(200);
  });
});
