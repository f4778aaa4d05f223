import { cruise, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import { expect, test } from "vitest";

/** Tests, and what only they import. */
const testCode = String.raw`\.test\.ts$|/testing/`;

const rule = (name: string, from: string, to: string, except?: string): IForbiddenRuleType => ({
  name,
  severity: "error",
  from: { path: from, pathNot: testCode },
  to: except === undefined ? { path: to } : { path: to, pathNot: except },
});

/** Imports run one way: functions → lambda, contract, aws → core. */
const forbidden: IForbiddenRuleType[] = [
  {
    name: "no-cycles",
    severity: "error",
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  },
  {
    name: "core-is-pure",
    severity: "error",
    from: { path: "^packages/core/", pathNot: testCode },
    to: { pathNot: "^packages/core/|node_modules/(zod|dinero\\.js)/" },
  },
  rule(
    "contract-knows-core-only",
    "^packages/contract/src/",
    "^packages/|^functions|^workflows|^stacks",
    "^packages/(core|contract)/",
  ),
  rule(
    "aws-knows-core-only",
    "^packages/aws/src/",
    "^packages/|^functions|^workflows|^stacks",
    "^packages/(core|aws)/",
  ),
  rule(
    "lambda-knows-contract-and-core",
    "^packages/lambda/src/",
    "^packages/|^functions|^workflows|^stacks",
    "^packages/(core|contract|lambda)/",
  ),
  rule("meter-stands-alone", "^packages/meter/src/", "^packages/|^functions|^workflows|^stacks", "^packages/meter/"),
  rule(
    "kit-stands-on-the-meter-and-the-rules-for-tokens",
    "^packages/kit/src/",
    "^packages/|^functions|^workflows|^stacks",
    String.raw`^packages/(kit|meter)/|^packages/core/src/access/token-(rules|text)\.ts$`,
  ),
  rule("examples-use-the-kit", "^examples/", "^packages/|^functions|^workflows|^stacks", "^packages/kit/"),
  rule(
    "local-cloud-knows-no-product-code",
    "^packages/local-cloud/src/",
    "^packages/|^functions|^workflows|^stacks",
    "^packages/local-cloud/",
  ),
  rule("workflows-know-the-contract", "^workflows/", "^packages/|^functions|^stacks", "^packages/(core|contract)/"),
  rule("stacks-take-data", "^stacks/", "^packages/|^functions", "^packages/(core|contract)/"),
  rule(
    "product-ignores-local-cloud",
    "^(functions|workflows|stacks|packages/(core|contract|aws|lambda|meter))/",
    "^packages/local-cloud/",
  ),
  {
    name: "only-aws-imports-the-sdk",
    severity: "error",
    from: { path: "^(functions|workflows|stacks|packages/(core|contract|lambda))/", pathNot: testCode },
    to: { path: "node_modules/(@aws-sdk|@smithy|pg|@kubernetes)/" },
  },
];

const roots = ["packages", "functions", "workflows", "stacks", "sst.config.ts"];

const cruiseAll = async (rules: IForbiddenRuleType[]): Promise<ICruiseResult> => {
  const { output } = await cruise(
    roots,
    {
      ruleSet: { forbidden: rules },
      validate: true,
      parser: "swc",
      doNotFollow: { path: "node_modules/(?!@tenantry)" },
      tsPreCompilationDeps: false,
      exclude: { path: String.raw`^packages/local-cloud/src/deploy/fixtures|\.sst/` },
      enhancedResolveOptions: {
        exportsFields: ["exports"],
        conditionNames: ["import", "node"],
        extensions: [".ts", ".js", ".mjs"],
      },
    },
    {},
  );
  if (typeof output === "string") throw new Error(output);
  return output;
};

test("imports run one way", async () => {
  const { summary, modules } = await cruiseAll(forbidden);
  const own = modules.filter((module) => roots.some((root) => module.source.startsWith(root)));
  expect(own.length, "the cruise must have seen the modules").toBeGreaterThan(60);
  expect(modules.filter((module) => module.couldNotResolve).map((module) => module.source)).toEqual(["aws-lambda"]); // types only
  expect(summary.violations.map(({ rule: broken, from, to }) => `${broken.name}: ${from} → ${to}`)).toEqual([]);
});

test("a broken layer is seen", async () => {
  const { summary } = await cruiseAll([rule("nobody-imports-core", "^packages/aws/", "^packages/core/")]);
  expect(summary.violations.length).toBeGreaterThan(0);
});

test("process.env is read in one file of the product", async () => {
  const { globSync, readFileSync } = await import("node:fs");
  const files = globSync("{functions,workflows,packages/{core,contract,aws,lambda,meter}/src}/**/*.ts").filter(
    (file) => !new RegExp(testCode).test(file),
  );
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((file) => readFileSync(file, "utf8").includes("process.env["))).toEqual([
    "packages/aws/src/config.ts",
  ]);
  expect(
    files.filter((file) => /process\.env\.|\benv\b.*from "node:process"/.test(readFileSync(file, "utf8"))),
  ).toEqual([]);
});
