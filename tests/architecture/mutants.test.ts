import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compareMutants, type Excuse, type Report } from "../mutants/compare.ts";
import { root } from "../support/app.ts";

const report = (status: string): Report => ({
  files: {
    "a.ts": {
      source: "if (one\n  && two) stop();",
      mutants: [
        {
          status,
          mutatorName: "ConditionalExpression",
          replacement: "true",
          location: { start: { line: 1, column: 5 }, end: { line: 2, column: 9 } },
        },
      ],
    },
  },
});
const excuse = { file: "a.ts", from: "one && two", to: "true", why: "It stops anyway." };

test("a change that no test sees is a survivor, unless it is excused with a reason", () => {
  for (const status of ["Survived", "NoCoverage"]) {
    expect(compareMutants(report(status), [])).toMatchObject({
      mutants: 1,
      survivors: ["a.ts: one && two → true (line 1, ConditionalExpression)"],
    });
    expect(compareMutants(report(status), [excuse])).toMatchObject({ excused: 1, survivors: [], stale: [] });
    for (const other of [{ file: "b.ts" }, { from: "one" }, { to: "false" }, { why: "" }])
      expect(compareMutants(report(status), [{ ...excuse, ...other }]).survivors).toHaveLength(1);
  }
});

test("an excuse for what is killed, or is not there, is for nothing", () => {
  expect(compareMutants(report("Killed"), [excuse])).toMatchObject({ killed: 1, stale: ["a.ts: one && two → true"] });
  expect(compareMutants(report("Ignored"), [excuse])).toMatchObject({
    mutants: 0,
    ignored: 1,
    stale: [expect.anything()],
  });
});

test("every excuse is of a text that stands in its file, and says why", () => {
  const excuses = JSON.parse(readFileSync(join(root, "tests/mutants/excused.json"), "utf8")) as Excuse[];
  for (const { file, from, why } of excuses) {
    expect(existsSync(join(root, file)), file).toBe(true);
    const source = readFileSync(join(root, file), "utf8").replaceAll(/\s+/g, " ");
    expect(source).toContain(from.replaceAll(/\s+/g, " ").trim());
    expect(why.length, from).toBeGreaterThan(20);
  }
});
