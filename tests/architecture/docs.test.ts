import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Route, routes } from "@tenantry/contract/routes";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const pages = [
  "README.md",
  "CHANGELOG.md",
  ...globSync("{docs,packages/*}/**/*.md", { cwd: root, exclude: ["**/node_modules/**"] }),
];

test("every link of the documentation leads somewhere", () => {
  const links = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = ""]) => ({
      page,
      target,
    })),
  );
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
});

test("every path that the documentation names is there", () => {
  const named = pages.flatMap((page) =>
    [
      ...readFileSync(join(root, page), "utf8").matchAll(
        /`((?:functions|packages|stacks|workflows|tests|scripts|docs)\/[\w./-]*)`/g,
      ),
    ].map(([, path = ""]) => ({ page, path })),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
});

test("every npm script that the documentation names is there", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(
      ([, script = ""]) => script,
    ),
  );
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
});

test("it is said of every POST what a second run of it does", () => {
  const said = [
    ...readFileSync(join(root, "docs/architecture.md"), "utf8")
      .split("worked on a second time")[1]!
      .split("\n\n")[0]!
      .matchAll(/^\| (`\w+`(?:, `\w+`)*) +\|/gm),
  ].flatMap(([, names = ""]) => names.replaceAll("`", "").split(", "));
  const posts = Object.entries<Route>(routes).flatMap(([name, { method }]) => (method === "POST" ? [name] : []));
  expect(said.toSorted()).toEqual(posts.toSorted());
});
