import { namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { parse } from "yaml";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gitRepository } from "./git-repository.ts";
import { gitopsCluster } from "./gitops.ts";
import { hasGit, startGitServer } from "./testing/git-server.ts";

const credentials = { username: "tenantry", password: "s3cret" };
const idB = "ten_01JD00000000000000000000BB";
const operation = (at: number) => `op_01JD000000000000000000000${at}`;

describe.skipIf(!hasGit())("against git's own HTTP backend (needs git)", () => {
  let server: Awaited<ReturnType<typeof startGitServer>>;
  beforeEach(async () => {
    server = await startGitServer(credentials);
  });
  afterEach(() => server.stop());

  const cluster = (more: { branch?: string; password?: string } = {}) => {
    const { branch = "main", password = credentials.password } = more;
    const remote = { url: server.url, branch };
    const repository = gitRepository({ ...remote, credentials: async () => ({ ...credentials, password }) });
    return gitopsCluster("production", remote, repository);
  };
  const ask = (slug: string, at = 1, tenant = aTenant({ slug })) => ({
    tenantId: tenant.id,
    slug,
    operationId: operation(at),
    objects: namespaceObjects(tenant),
    ifServed: ["ServiceMonitor"],
  });
  const files = () => server.git("ls-tree", "-r", "--name-only", "main").split("\n").filter(Boolean);
  const show = (path: string) => server.git("show", `main:${path}`);
  const commits = () => Number(server.git("rev-list", "--count", "main"));

  test("a tenant is one commit that names the operation, and holds the very objects", async () => {
    const asked = ask("acme");
    const made = await cluster().ensure(asked);
    expect(made).toEqual({
      cluster: "production",
      name: "tenant-acme",
      objects: asked.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
      git_commit: server.git("rev-parse", "main"),
    });
    expect(commits()).toBe(2);
    expect(server.git("log", "-1", "--format=%B")).toBe(
      `Provision the namespace of acme\n\nTenant: ${asked.tenantId}\nOperation: ${operation(1)}`,
    );
    expect(files()).toEqual([
      "applicationset.yaml",
      "charts/tenant/Chart.yaml",
      "charts/tenant/templates/objects.yaml",
      "tenants/acme/values.yaml",
    ]);
    expect(parse(show("tenants/acme/values.yaml"))).toEqual({
      tenant: { id: asked.tenantId, slug: "acme" },
      ifServed: ["ServiceMonitor"],
      objects: asked.objects,
    });
    expect(server.git("fsck", "--strict")).not.toMatch(/error|missing/);
  });

  test("the ApplicationSet finds every tenant's file, and gives it to the chart", async () => {
    await cluster().ensure(ask("acme"));
    const { spec } = parse(show("applicationset.yaml")) as {
      spec: { generators: object[]; template: { spec: { source: object; syncPolicy: object } } };
    };
    expect(spec.generators).toEqual([
      { git: { repoURL: server.url, revision: "main", files: [{ path: "tenants/*/values.yaml" }] } },
    ]);
    expect(spec.template.spec.source).toEqual({
      repoURL: server.url,
      targetRevision: "main",
      path: "charts/tenant",
      helm: { valueFiles: ["/{{ .path.path }}/values.yaml"] },
    });
  });

  test("a second run makes no second commit, and another tenant's stays as it is", async () => {
    const first = await cluster().ensure(ask("acme"));
    expect(await cluster().ensure(ask("acme", 2))).toEqual(first);
    const before = show("tenants/acme/values.yaml");
    await cluster().ensure(ask("globex", 3, aTenant({ slug: "globex", id: idB })));
    expect(commits()).toBe(3);
    expect(server.git("diff", "--name-only", "main~1", "main")).toBe("tenants/globex/values.yaml");
    expect(show("tenants/acme/values.yaml")).toBe(before);
  });

  test("a release is one commit that takes the tenant's file, and is content when there is none", async () => {
    await cluster().ensure(ask("acme"));
    await cluster().ensure(ask("globex", 2, aTenant({ slug: "globex", id: idB })));
    await cluster().release(aTenant({ slug: "acme" }), operation(3));
    expect(server.git("diff", "--name-status", "main~1", "main")).toBe("D\ttenants/acme/values.yaml");
    expect(server.git("log", "-1", "--format=%B")).toContain(`Operation: ${operation(3)}`);
    await cluster().release(aTenant({ slug: "acme" }), operation(4));
    expect(commits()).toBe(4);
  });

  test("another tenant's file is neither taken over nor taken away", async () => {
    await cluster().ensure(ask("acme"));
    const theirs = ask("acme", 2, aTenant({ slug: "acme", id: idB }));
    await expect(cluster().ensure(theirs)).rejects.toMatchObject({ name: "NameTaken" });
    await cluster().release(aTenant({ slug: "acme", id: idB }), operation(3));
    expect(commits()).toBe(2);
  });

  test("pushes at the same instant all arrive, each as a commit", async () => {
    const slugs = ["a", "b", "c", "d"].map((name) => `tenant-${name}`);
    const made = await Promise.all(slugs.map((slug, at) => cluster().ensure(ask(slug, at))));
    expect(files().filter((path) => path.startsWith("tenants/"))).toEqual(
      slugs.map((slug) => `tenants/${slug}/values.yaml`),
    );
    expect(commits()).toBe(5);
    const history = server.git("rev-list", "main").split("\n");
    for (const { git_commit } of made) expect(history).toContain(git_commit);
  });

  test("a push that somebody overtook between look and push is made again upon theirs", async () => {
    let meddled = 0;
    server.intercept(async ({ method, url }) => {
      if (method !== "POST" || !url?.endsWith("git-receive-pack") || meddled > 0) return;
      meddled += 1;
      const identity = ["-c", "user.name=other", "-c", "user.email=other@example.com"];
      const commit = server.git(...identity, "commit-tree", "main^{tree}", "-p", "main", "-m", "Meddle");
      server.git("update-ref", "refs/heads/main", commit);
    });
    await cluster().ensure(ask("acme"));
    expect(meddled).toBe(1);
    expect(server.git("log", "--format=%s", "main")).toBe("Provision the namespace of acme\nMeddle\nBegin");
  });

  test("a push whose reply was lost is not made again", async () => {
    server.intercept(async ({ method, url }) =>
      method === "POST" && url?.endsWith("git-receive-pack") ? "lost" : undefined,
    );
    await expect(cluster().ensure(ask("acme"))).rejects.toMatchObject({ code: "ECONNRESET" });
    server.intercept(async () => undefined);
    const { git_commit } = await cluster().ensure(ask("acme"));
    expect(git_commit).toBe(server.git("rev-parse", "main"));
    expect(commits()).toBe(2);
  });

  test.for([
    ["a push that a hook declines", { hook: "echo 'Not on a Friday.' >&2; exit 1" }, {}],
    ["a wrong password", {}, { password: "wrong" }],
    ["a branch that is not there", {}, { branch: "trunk" }],
  ] as const)("%s fails for good", async ([, { hook }, more]: readonly [string, { hook?: string }, object]) => {
    if (hook !== undefined) server.hook("pre-receive", hook);
    await expect(cluster(more).ensure(ask("acme"))).rejects.toMatchObject({ name: "RepositoryRefused" });
    expect(commits()).toBe(1);
  });

  test.for([503, 429])("a server that answers %i may do better later", async (status) => {
    server.intercept(async ({ method }) => (method === "POST" ? status : undefined));
    await expect(cluster().ensure(ask("acme"))).rejects.toMatchObject({ name: "TransientError" });
  });

  test("objects with a field that Kubernetes does not know are not committed", async () => {
    const asked = ask("acme");
    const objects = asked.objects.map((object) => ({ ...object, spek: {} }));
    await expect(cluster().ensure({ ...asked, objects })).rejects.toMatchObject({ name: "ManifestInvalid" });
    expect(commits()).toBe(1);
  });
});
