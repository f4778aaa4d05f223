import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitServer } from "@tenantry/aws/testing/git-server";
import { eksToken } from "@tenantry/aws/eks-token";
import { namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { AwsClient } from "aws4fetch";
import { parse, parseAllDocuments } from "yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onboard, send, signIn } from "../support/api.ts";
import { startApp, temporaryFolder } from "../support/app.ts";
import { ask, askJson } from "../support/aws.ts";

const credentials = { username: "tenantry", password: "s3cret" };
const data = temporaryFolder();

let server: Awaited<ReturnType<typeof startGitServer>>;
let app: Awaited<ReturnType<typeof startApp>>;
let token: string;

/** A stage that is switched to git, as `docs/gitops.md` has it, and of which one tier has room for one tenant. */
beforeAll(async () => {
  server = await startGitServer(credentials);
  const direct = await startApp(data);
  const secret = await askJson(direct.ready, "secretsmanager", "secretsmanager.CreateSecret", {
    Name: "gitops",
    ClientRequestToken: crypto.randomUUID(),
    SecretString: JSON.stringify(credentials),
  });
  await direct.stop();
  app = await startApp(data, [], {
    NAMESPACE_DRIVER: "gitops",
    GITOPS_REPOSITORY: server.url,
    GITOPS_SECRET: secret.ARN,
    TENANT_LIMITS: '{"business_tenants":1}',
  });
  token = await signIn(app.ready);
});
afterAll(async () => {
  await app?.stop();
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

const show = (path: string): string => server.git("show", `main:${path}`);
const files = (): string[] => server.git("ls-tree", "-r", "--name-only", "main").split("\n");
const tenantOf = async (id: string): Promise<Tenant> =>
  (await send(app.ready, "GET", `/admin/tenants/${id}`, { token })).body as Tenant;

const hasHelm = (): boolean => {
  try {
    execFileSync("helm", ["version", "--short"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

describe("a tenant that is onboarded by way of git", () => {
  let tenant: Tenant;
  let operation: { id: string; status: string; error: unknown };

  beforeAll(async () => {
    const body = { name: "By Git", tier: "premium", config: { region: "us-east-1", features: ["analytics"] } };
    ({ operation } = await onboard(app.ready, token, body));
    const list = await send(app.ready, "GET", "/admin/tenants", { token });
    tenant = await tenantOf(list.body.items[0].id);
  });

  test("is active, and its objects stand in one commit that names the operation", () => {
    expect(operation).toMatchObject({ status: "succeeded", error: null });
    expect(tenant).toMatchObject({
      slug: "by-git",
      status: "active",
      resources: { namespace: { name: "tenant-by-git", git_commit: server.git("rev-parse", "main") } },
    });
    const message = server.git("log", "-1", "--format=%B");
    expect(message).toContain(`Tenant: ${tenant.id}`);
    expect(message).toContain(`Operation: ${operation.id}`);
    expect(server.git("rev-list", "--count", "main")).toBe("2");
  });

  test("has the very objects that the direct driver would have applied", () => {
    const values = parse(show("tenants/by-git/values.yaml"));
    expect(values).toEqual({
      tenant: { id: tenant.id, slug: "by-git" },
      ifServed: ["ServiceMonitor"],
      objects: JSON.parse(JSON.stringify(namespaceObjects(tenant))),
    });
    expect(tenant.resources.namespace?.objects).toEqual(
      namespaceObjects(tenant).map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    );
  });

  test("had nothing applied to the cluster by the platform but the identity of its pods", async () => {
    const { region, aws_endpoint_url: sts } = app.ready;
    const [cluster = ""] = JSON.parse(await ask(app.ready, "eks", "/clusters")).clusters as string[];
    const key = { accessKeyId: "test", secretAccessKey: "test", sessionToken: undefined };
    const bearer = await eksToken({ cluster, region, sts, key });
    const answer = await fetch(`${sts}/_eks/${cluster}/api/v1/namespaces`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    const { items } = (await answer.json()) as { items: { metadata: { name: string } }[] };
    expect(items.filter(({ metadata }) => metadata.name.startsWith("tenant-"))).toEqual([]);
    const { associations } = JSON.parse(await ask(app.ready, "eks", `/clusters/${cluster}/pod-identity-associations`));
    expect(associations).toMatchObject([{ namespace: "tenant-by-git" }]);
  });

  test.skipIf(!hasHelm())("renders by Helm to those objects (needs helm)", () => {
    const folder = mkdtempSync(join(tmpdir(), "helm-"));
    execFileSync("git", ["clone", "-q", "--branch", "main", join(server.folder, "tenants.git"), folder]);
    const render = (...more: string[]) => {
      const values = join(folder, "tenants/by-git/values.yaml");
      const text = execFileSync("helm", ["template", "by-git", join(folder, "charts/tenant"), "-f", values, ...more]);
      return parseAllDocuments(text.toString("utf8")).map((document) => document.toJS() as { kind: string });
    };
    const objects = JSON.parse(JSON.stringify(namespaceObjects(tenant))) as { kind: string }[];
    expect(render("--api-versions", "monitoring.coreos.com/v1/ServiceMonitor")).toEqual(objects);
    expect(render()).toEqual(objects.filter(({ kind }) => kind !== "ServiceMonitor"));
    rmSync(folder, { recursive: true, force: true });
  });
});

test("an onboarding that fails after the commit takes the file away by another", async () => {
  const faults = new AwsClient({
    accessKeyId: "test",
    secretAccessKey: "test",
    service: "faults",
    region: "us-east-1",
  });
  const rule = { service: "eks", action: "CreatePodIdentityAssociation", match: "not-by-git", kind: "refuse" };
  const url = new URL("/_faults", app.ready.aws_endpoint_url).href;
  await faults.fetch(url, { method: "POST", body: JSON.stringify(rule) });
  const { operation } = await onboard(app.ready, token, { name: "Not By Git", tier: "trial" });
  expect(operation).toMatchObject({ status: "failed", error: { step: "ProvisionNamespace" } });
  const subjects = server.git("log", "--format=%s", "main").split("\n").slice(0, 2);
  expect(subjects).toEqual(["Release the namespace of not-by-git", "Provision the namespace of not-by-git"]);
  expect(files()).not.toContain("tenants/not-by-git/values.yaml");
  expect(files()).toContain("tenants/by-git/values.yaml");
  expect((await tenantOf(operation.tenant_id)).resources).toEqual({});
});

test("a tier whose quota is used up takes no further tenant", async () => {
  const { operation } = await onboard(app.ready, token, { name: "The Only One", tier: "business" });
  expect(operation.status).toBe("succeeded");
  const answer = await send(app.ready, "POST", "/admin/tenants", {
    token,
    body: { name: "One Too Many", tier: "business" },
  });
  expect([answer.status, answer.body.type], answer.text).toEqual([409, "/problems/quota-used-up"]);
  expect(answer.body.errors).toEqual([{ pointer: "/tier", detail: expect.stringContaining("room for 1") }]);
  expect((await send(app.ready, "GET", "/problems/quota-used-up")).status).toBe(200);
  expect(files()).not.toContain("tenants/one-too-many/values.yaml");
});
