import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
