import { describe, expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";

describe("an event pattern", () => {
  test.for<[name: string, pattern: object, event: object, expected: boolean]>([
    ["a value out of a list", { source: ["a", "b"] }, { source: "b" }, true],
    ["a value that is not in the list", { source: ["a", "b"] }, { source: "c" }, false],
    ["an absent field", { source: ["a"] }, {}, false],
    ["null", { source: [null] }, { source: null }, true],
    ["a number is not its text", { n: [1] }, { n: "1" }, false],
    ["nested fields", { detail: { tier: ["premium"] } }, { detail: { tier: "premium" } }, true],
    ["all fields", { source: ["a"], detail: { tier: ["x"] } }, { source: "a", detail: { tier: "y" } }, false],
    ["one of a list's values", { resources: ["b"] }, { resources: ["a", "b"] }, true],
    ["prefix", { type: [{ prefix: "tenant." }] }, { type: "tenant.activated.v1" }, true],
    ["prefix, other", { type: [{ prefix: "tenant." }] }, { type: "user.invited.v1" }, false],
    ["prefix whatever its case", { t: [{ prefix: { "equals-ignore-case": "TEN" } }] }, { t: "tenant" }, true],
    ["suffix", { file: [{ suffix: ".png" }] }, { file: "a.png" }, true],
    ["wildcard", { file: [{ wildcard: "a*.p?g" }] }, { file: "ab.p?g" }, true],
    ["wildcard, other", { file: [{ wildcard: "a*.png" }] }, { file: "b.png" }, false],
    ["anything but", { state: [{ "anything-but": ["failed"] }] }, { state: "active" }, true],
    ["anything but, hit", { state: [{ "anything-but": "failed" }] }, { state: "failed" }, false],
    ["anything but an absent field", { state: [{ "anything-but": "failed" }] }, {}, false],
    ["anything but a prefix", { state: [{ "anything-but": { prefix: "fa" } }] }, { state: "failed" }, false],
    ["numeric range", { n: [{ numeric: [">", 0, "<=", 5] }] }, { n: 5 }, true],
    ["numeric range, out", { n: [{ numeric: [">", 0, "<=", 5] }] }, { n: 6 }, false],
    ["exists", { n: [{ exists: true }] }, { n: 0 }, true],
    ["exists, absent", { n: [{ exists: true }] }, {}, false],
    ["exists not", { n: [{ exists: false }] }, {}, true],
    ["exists not, in an absent object", { a: { n: [{ exists: false }] } }, {}, true],
    ["or", { $or: [{ a: [1] }, { b: [2] }] }, { b: 2 }, true],
    ["or, none", { $or: [{ a: [1] }, { b: [2] }] }, { b: 3 }, false],
    [
      "an attribute of a table",
      { dynamodb: { NewImage: { entity: { S: ["event"] } } } },
      { dynamodb: { NewImage: { entity: { S: "event" } } } },
      true,
    ],
  ])("%s", ([, pattern, event, expected]) => {
    expect(compilePattern(JSON.stringify(pattern))(event)).toBe(expected);
  });

  test.for([
    { a: "x" },
    { a: [{ prefixx: "x" }] },
    { a: [{ numeric: ["~", 1] }] },
    { a: [{ "anything-but": { cidr: "10.0.0.0/8" } }] },
  ])("that is not understood is refused: %j", (pattern) => {
    expect(() => compilePattern(pattern)).toThrow("Event pattern");
  });
});
