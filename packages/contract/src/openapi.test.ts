import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { permissions } from "@tenantry/core/access/policy";
import { expect, test } from "vitest";
import { type Operation, problemsOf } from "./define.ts";
import { openapi } from "./openapi.ts";
import { openapiYaml } from "./openapi-yaml.ts";
import { operations } from "./operations.ts";
import { permissionsPage } from "./permissions-page.ts";
import { findRoute } from "./routes.ts";

const committed = new URL("../../../docs/openapi.yaml", import.meta.url);
const all = Object.values<Operation>(operations);

test("the committed document is the contract's (else: npm run openapi)", () => {
  expect(readFileSync(committed, "utf8")).toBe(openapiYaml());
});

test("the table of permissions is the policy's (else: npm run openapi)", () => {
  const page = new URL("../../../docs/permissions-of-roles.md", import.meta.url);
  expect(readFileSync(page, "utf8")).toBe(permissionsPage());
});

test("the document passes the linter", () => {
  const home = dirname(createRequire(import.meta.url).resolve("@redocly/cli/package.json"));
  const lint = () =>
    execFileSync(process.execPath, [join(home, "bin/cli.js"), "lint", committed.pathname], {
      encoding: "utf8",
      stdio: "pipe",
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        REDOCLY_TELEMETRY: "off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
      },
    });
  expect(lint).not.toThrow();
});

test("each operation is found by its method and path, and under the key that is its id", () => {
  for (const [key, operation] of Object.entries<Operation>(operations)) {
    expect(operation.id).toBe(key);
    expect(findRoute(operation.method, operation.path)?.permission).toBe(operation.permission);
  }
  expect(findRoute("DELETE", "/admin/tenants")).toBeUndefined();
});

test("the parameters of a path are those of its operation", () => {
  for (const { path, params } of all)
    expect(Object.keys(params.shape)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
});

test("only the service's own routes are open, and each permission is asked for somewhere", () => {
  expect(all.filter((operation) => operation.permission === null).every(({ tag }) => tag === "Service")).toBe(true);
  const asked = new Set(all.map((operation) => operation.permission));
  expect(permissions.filter((permission) => !asked.has(permission))).toEqual([]);
});

test("the document names each operation and every problem it can answer with", () => {
  const document = JSON.stringify(openapi());
  for (const operation of all) {
    expect(document).toContain(`"operationId":"${operation.id}"`);
    for (const code of problemsOf(operation)) expect(document).toContain(`/problems/${code}`);
  }
});

test("every example in a schema is valid", () => {
  const schemas = all.flatMap(({ success, body }) => [success.body, ...(body === null ? [] : [body])]);
  const examples = schemas.flatMap((schema) => {
    const example = schema.meta()?.["example"];
    return example === undefined ? [] : [schema.safeParse(example).error];
  });
  expect(examples.length).toBeGreaterThan(3);
  expect(examples.filter((error) => error !== undefined)).toEqual([]);
});
