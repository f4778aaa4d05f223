import { AdminGetUserCommand, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Client } from "pg";
import { eksToken } from "@tenantry/aws/eks-token";
import { beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

/** The request of the documentation, byte for byte. */
const acme = `{
  "name": "Acme Corp", "tier": "premium",
  "config": { "region": "us-east-1", "features": ["analytics", "api-access"] } }`;

const steps = [
  "ValidateTenant",
  "ProvisionDatabase",
  "ProvisionStorage",
  "ProvisionIdentity",
  "ProvisionNamespace",
  "ActivateTenant",
  "NotifyOwner",
];

describe("POST /admin/tenants onboards a tenant", () => {
  let token: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came back
  let accepted: any, operation: any, tenant: any;

  beforeAll(async () => {
    token = await signIn(ready());
    const answer = await send(ready(), "POST", "/admin/tenants", { token, body: acme });
    expect(answer.status, answer.text).toBe(202);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(answer.headers.get("location")).toBe(`/admin/operations/${answer.body.operation.id}`);
    accepted = answer.body;
    const ended = await poll(
      () => send(ready(), "GET", answer.headers.get("location") ?? "", { token }),
      ({ body }) => ["succeeded", "failed"].includes(body.status),
    );
    operation = ended.body;
    tenant = (await send(ready(), "GET", `/admin/tenants/${accepted.tenant.id}`, { token })).body;
  });

  test("the answer holds the tenant and its operation", () => {
    expect(accepted.tenant).toMatchObject({
      name: "Acme Corp",
      slug: "acme-corp",
      tier: "premium",
      status: "provisioning",
      config: { region: "us-east-1", features: ["analytics", "api-access"] },
    });
    expect(accepted.operation).toMatchObject({ type: "onboard-tenant", tenant_id: accepted.tenant.id });
  });

  test("the operation tells of every step", () => {
    expect(operation.error).toBeNull();
    expect(operation.status).toBe("succeeded");
    expect(operation.steps.map((step: { name: string }) => step.name)).toEqual(steps);
    // A cluster of one's own is asked for until it is there.
    const again = operation.steps.filter(({ attempts }: { attempts: number }) => attempts !== 1);
    expect(["", "ProvisionDatabase"]).toContain(again.map(({ name }: { name: string }) => name).join());
    for (const step of operation.steps) {
      expect(step).toMatchObject({ status: "succeeded", error: null });
      expect(Date.parse(step.ended_at)).toBeGreaterThanOrEqual(Date.parse(step.started_at));
    }
  });

  test("the tenant is active", () => expect(tenant.status).toBe("active"));

  test("its database can be logged in to with the credentials in Secrets Manager, and only with them", async () => {
    const { database } = tenant.resources;
    const { SecretString } = await new SecretsManagerClient(operator(ready())).send(
      new GetSecretValueCommand({ SecretId: database.secret_arn }),
    );
    const secret = JSON.parse(SecretString ?? "{}") as { username: string; password: string; dbname: string };
    const address = { host: database.host, port: database.port, ssl: { rejectUnauthorized: false } };
    const client = new Client({
      ...address,
      user: secret.username,
      password: secret.password,
      database: database.name,
    });
    await client.connect();
    const { rows } = await client.query("SELECT current_database() AS name, current_user AS role");
    await client.end();
    expect(rows).toEqual([{ name: database.name, role: database.role }]);
    const stranger = new Client({ ...address, user: secret.username, password: "wrong", database: database.name });
    await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
    expect(JSON.stringify([tenant, operation, accepted])).not.toContain(secret.password);
  });

  test("its prefix holds objects", async () => {
    const { bucket, prefix } = tenant.resources.storage;
    expect(prefix).toBe("tenants/tenant-acme-corp/");
    const { Contents = [] } = await new S3Client(operator(ready())).send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }),
    );
    const folders = Contents.map(({ Key = "" }) => Key.slice(prefix.length).split("/")[0]);
    expect(new Set(folders)).toEqual(new Set(["exports", "uploads"]));
  });

  test("its owner is a user", async () => {
    const { user_pool_id, owner_email, owner_user_id } = tenant.resources.identity;
    expect(owner_email).toBe(ready().admin.email);
    const user = await new CognitoIdentityProviderClient(operator(ready())).send(
      new AdminGetUserCommand({ UserPoolId: user_pool_id, Username: owner_email }),
    );
    expect(user.UserAttributes).toContainEqual({ Name: "sub", Value: owner_user_id });
  });

  test("its namespace holds its objects", async () => {
    const { cluster, name, objects } = tenant.resources.namespace;
    expect(name).toBe("tenant-acme-corp");
    const clusterToken = await eksToken({
      cluster,
      region: ready().region,
      sts: ready().aws_endpoint_url,
      key: operator(ready()).credentials,
    });
    const list = async (path: string) => {
      const response = await fetch(`${ready().aws_endpoint_url}/_eks/${cluster}${path}`, {
        headers: { authorization: `Bearer ${clusterToken}` },
      });
      const { items, kind } = (await response.json()) as { items: { metadata: { name: string } }[]; kind: string };
      return items.map((item) => `${kind.replace(/List$/, "")}/${item.metadata.name}`);
    };
    const inside = [
      "/api/v1/namespaces/tenant-acme-corp/resourcequotas",
      "/api/v1/namespaces/tenant-acme-corp/limitranges",
      "/api/v1/namespaces/tenant-acme-corp/serviceaccounts",
      "/apis/networking.k8s.io/v1/namespaces/tenant-acme-corp/networkpolicies",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/tenant-acme-corp/roles",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/tenant-acme-corp/rolebindings",
      "/apis/policy/v1/namespaces/tenant-acme-corp/poddisruptionbudgets",
      "/apis/monitoring.coreos.com/v1/namespaces/tenant-acme-corp/servicemonitors",
    ];
    const found = (await Promise.all(inside.map(list))).flat();
    expect(found.length).toBeGreaterThanOrEqual(12);
    expect([...found, "Namespace/tenant-acme-corp"]).toEqual(expect.arrayContaining(objects));
    expect(objects.length).toBeGreaterThanOrEqual(12);
  });

  test("its owner has a welcome mail", async () => {
    const mails = await poll(
      async () =>
        (await (await fetch(new URL(`/_mail?to=${ready().admin.email}`, ready().aws_endpoint_url))).json()) as {
          subject: string;
        }[],
      (found) => found.some(({ subject }) => subject.includes("Acme Corp")),
    );
    expect(mails.map(({ subject }) => subject)).toContainEqual(expect.stringContaining("Acme Corp"));
  });

  test("tenant.activated.v1 left on the bus, once", async () => {
    const activations = async () => {
      const log = await fetch(new URL("/_events?detail-type=tenant.activated.v1", ready().aws_endpoint_url));
      const { events } = (await log.json()) as { events: { detail: { subject: string } }[] };
      return events.filter(({ detail }) => detail.subject === tenant.id);
    };
    expect(await poll(activations, (found) => found.length > 0)).toHaveLength(1);
  });
});

test("all four tiers are onboarded, and an owner of one's own is invited", async () => {
  const token = await signIn(ready());
  const made = await Promise.all(
    ["trial", "standard", "business", "premium"].map((tier) =>
      onboard(ready(), token, { name: `Tier ${tier}`, tier, owner: { email: `owner@${tier}.example` } }),
    ),
  );
  expect(made.map(({ operation }) => [operation.status, operation.error])).toEqual(made.map(() => ["succeeded", null]));
  const mails = (await (
    await fetch(new URL("/_mail?to=owner@trial.example", ready().aws_endpoint_url))
  ).json()) as unknown[];
  expect(mails).toHaveLength(2); // Cognito's invitation and the welcome
});

test("lists page and filter", async () => {
  const token = await signIn(ready());
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { body: { items: { id: string }[]; next_cursor: string | null } } = await send(
      ready(),
      "GET",
      `/admin/tenants?limit=2${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      { token },
    );
    seen.push(...page.body.items.map(({ id }) => id));
    cursor = page.body.next_cursor;
  } while (cursor !== null);
  expect(seen.length).toBeGreaterThan(3);
  expect(new Set(seen).size).toBe(seen.length);
  const filtered = await send(ready(), "GET", "/admin/tenants?tier=business&status=active", { token });
  expect(filtered.body.items.length).toBeGreaterThan(0);
  for (const item of filtered.body.items) expect(item).toMatchObject({ tier: "business", status: "active" });
});
