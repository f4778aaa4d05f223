import { readdirSync, readFileSync } from "node:fs";
import { problems } from "@tenantry/core/problem";
import { describe, expect, test } from "vitest";
import { ProblemBody, problemCodes, problemType } from "./schemas/problem.ts";

const folder = new URL("../../../docs/problems/", import.meta.url);

test("each problem has a page and each page a problem", () => {
  expect(readdirSync(folder).toSorted()).toEqual(problemCodes.map((code) => `${code}.md`).toSorted());
});

describe("the page of a problem", () => {
  test.for(problemCodes)("%s tells the truth in its example", (code) => {
    const page = readFileSync(new URL(`${code}.md`, folder), "utf8");
    const { status, title } = problems[code];
    expect(page).toContain(`# ${title}\n`);
    const [, example = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
    const body = ProblemBody.parse(JSON.parse(example));
    expect(body).toMatchObject({ type: problemType(code), title, status });
    for (const heading of ["## What happened", "## How to fix it"]) expect(page).toContain(heading);
  });
});
