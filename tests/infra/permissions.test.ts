import { beforeAll, expect, test } from "vitest";
import { grantsOf, type Grant } from "../support/grants.ts";
import { deploy } from "./deployment.ts";

// docs/permissions.md is what this test writes: what each function of a production stage may do, and nothing else.

let grants: Grant[];

beforeAll(async () => {
  grants = grantsOf(await deploy("production"));
});

const page = (all: readonly Grant[]): string => {
  const rows = all.map(({ function: name, action, resources, conditions }) =>
    [
      name,
      action,
      resources.map((arn) => `\`${arn}\``).join("<br>"),
      conditions.map((each) => `\`${each}\``).join("<br>"),
    ].join(" | "),
  );
  return `# What each function may do

Every statement of every function's role in a production stage, from the stacks as they stand (\`tests/infra/permissions.test.ts\`
writes this page and fails when it is out of date). Resources of the deployment have their logical names. Besides these,
each role has AWS's policy for writing its own log, and those in the network the one for their network interfaces.

| function | action | resources | conditions |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join("\n")}
`;
};

test("the page of permissions is up to date", async () => {
  expect(grants.length).toBeGreaterThan(50);
  await expect(page(grants)).toMatchFileSnapshot("../../docs/permissions.md");
});

test("no action is a wildcard, and only actions without a resource are on everything", () => {
  expect(grants.filter(({ action }) => action.includes("*"))).toEqual([]);
});
