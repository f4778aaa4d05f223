import { AdminGetUserCommand, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AwsClient } from "aws4fetch";
import { beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

type Rule = { service: string; action?: string; match: string; times: number; kind: string };

const faults = new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service: "faults", region: "us-east-1" });

/** Has the gateway meet the next requests of this kind with a fault, or only lists what it met so far. */
const inject = async (rule?: Rule): Promise<(Rule & { hits: number })[]> => {
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const answer = await faults.fetch(url, rule === undefined ? {} : { method: "POST", body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { faults: (Rule & { hits: number })[] }).faults;
};

let token: string;
beforeAll(async () => {
  token = await signIn(ready());
});

type Step = { name: string; status: string; attempts: number; error: unknown };
const stepOf = (operation: { steps: Step[] }, name: string): Step =>
  operation.steps.find((step) => step.name === name)!;

const [storage, database, identity] = ["ProvisionStorage", "ProvisionDatabase", "ProvisionIdentity"] as const;
const [namespace, notice] = ["ProvisionNamespace", "NotifyOwner"] as const;

/** An SDK client tries three times, so that `attempts` says how often the state machine had to. */
const passing = [
  {
    name: "storage-throttled",
    service: "s3",
    action: "PutObject",
    kind: "throttle",
    times: 8,
    step: storage,
    attempts: 2,
  },
  {
    name: "storage-lost",
    service: "s3",
    action: "PutObject",
    kind: "lost-reply",
    times: 6,
    step: storage,
    attempts: 2,
  },
  {
    name: "secret-lost",
    service: "secretsmanager",
    action: "CreateSecret",
    kind: "lost-reply",
    times: 3,
    step: database,
    attempts: 2,
  },
  {
    name: "user-lost",
    service: "cognito-idp",
    action: "AdminCreateUser",
    kind: "lost-reply",
    times: 3,
    step: identity,
    attempts: 2,
  },
  {
    name: "user-twice",
    service: "cognito-idp",
    action: "AdminCreateUser",
    kind: "duplicate",
    times: 1,
    step: identity,
    attempts: 1,
  },
  { name: "cluster-broken", service: "kubernetes", kind: "error", times: 2, step: namespace, attempts: 3 },
  { name: "cluster-lost", service: "kubernetes", kind: "lost-reply", times: 2, step: namespace, attempts: 3 },
  {
    name: "mail-throttled",
    service: "ses",
    action: "SendEmail",
    kind: "throttle",
    times: 4,
    step: notice,
    attempts: 2,
  },
];

/** Text that stands in the tenant's own requests to a service and in nobody else's. */
const markOf = (service: string, name: string, email: string): string => {
  if (service === "secretsmanager") return `tenant_${name.replaceAll("-", "_")}`;
  return service === "s3" || service === "kubernetes" ? `tenant-${name}` : email;
};

describe("onboarding lives through passing faults", () => {
  test.for(passing)("$name", async ({ name, step, attempts, ...fault }) => {
    const email = `owner@${name}.example`;
    const match = markOf(fault.service, name, email);
    await inject({ ...fault, match });
    const { accepted, operation } = await onboard(ready(), token, { name, tier: "standard", owner: { email } });
    expect(operation).toMatchObject({ status: "succeeded", error: null });
    expect(stepOf(operation, step)).toMatchObject({ status: "succeeded", attempts, error: null });
    expect((await inject()).find((rule) => rule.match === match)?.hits).toBe(fault.times);

    const tenant = await send(ready(), "GET", `/admin/tenants/${accepted.tenant.id}`, { token });
    expect(tenant.body).toMatchObject({ status: "active" });
    expect(Object.keys(tenant.body.resources).toSorted()).toEqual(["database", "identity", "namespace", "storage"]);
    const { user_pool_id, owner_user_id } = tenant.body.resources.identity;
    const user = await new CognitoIdentityProviderClient(operator(ready())).send(
      new AdminGetUserCommand({ UserPoolId: user_pool_id, Username: email }),
    );
    expect(user.UserAttributes).toContainEqual({ Name: "sub", Value: owner_user_id });
  });
});

test("a step that fails for good ends operation and tenant as failed, at once, and says why", async () => {
  const bucket = (await send(ready(), "GET", "/admin/tenants?status=active&limit=1", { token })).body.items[0].resources
    .storage.bucket;
  await new S3Client(operator(ready())).send(
    new PutObjectCommand({ Bucket: bucket, Key: "tenants/tenant-squatted/uploads/.keep", Body: "somebody else's" }),
  );
  const { accepted, operation } = await onboard(ready(), token, { name: "Squatted", tier: "trial" });
  const error = { code: "NameTaken", message: expect.stringContaining("is not this tenant's") };
  expect(operation).toMatchObject({ status: "failed", error: { ...error, step: "ProvisionStorage" } });
  expect(stepOf(operation, "ProvisionStorage")).toMatchObject({ status: "failed", attempts: 1, error });
  expect(stepOf(operation, "ActivateTenant")).toMatchObject({ status: "pending", attempts: 0 });
  const tenant = await send(ready(), "GET", `/admin/tenants/${accepted.tenant.id}`, { token });
  expect(tenant.body.status).toBe("failed");
});
