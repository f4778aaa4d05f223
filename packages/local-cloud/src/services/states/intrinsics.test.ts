import { describe, expect, test } from "vitest";
import { evaluate } from "./intrinsics.ts";
import { placeResult } from "./path.ts";
import { fill } from "./template.ts";

const scope = { input: { a: "x", n: 2, list: [1, 1, 3], o: { k: "v" } }, context: { Execution: { Name: "run" } } };

describe("intrinsic functions", () => {
  test.each([
    ["States.Format('{}-{} it\\'s, {}', $.a, $$.Execution.Name, States.MathAdd($.n, 1))", "x-run it's, 3"],
    ["States.Array($.a, 'b', true, null, -1.5)", ["x", "b", true, null, -1.5]],
    ["States.ArrayUnique($.list)", [1, 3]],
    ["States.ArrayContains($.list, 3)", true],
    ["States.ArrayPartition($.list, 2)", [[1, 1], [3]]],
    ["States.ArrayRange(1, 7, 3)", [1, 4, 7]],
    ["States.ArrayGetItem($['list'], 2)", 3],
    ["States.StringToJson('{\"a\":[1]}')", { a: [1] }],
    ["States.JsonToString($.o)", '{"k":"v"}'],
    ["States.JsonMerge($.o, States.StringToJson('{\"k\":1}'), false)", { k: 1 }],
    ["States.Base64Decode(States.Base64Encode('ä'))", "ä"],
    ["States.Hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["States.StringSplit('a,b;c', ',;')", ["a", "b", "c"]],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression, scope)).toEqual(expected);
  });

  test.each(["States.Nope()", "States.Format('{}')", "States.Array(1", "States.MathAdd('a', 1)", "Other.Thing()"])(
    "%s fails",
    (expression) => {
      expect(() => evaluate(expression, scope)).toThrow("States.IntrinsicFailure");
    },
  );
});

describe("paths", () => {
  test("templates are filled at every depth", () => {
    expect(fill({ a: [{ "b.$": "$.n" }], "c.$": "$.list[-1:]", d: null }, scope)).toEqual({
      a: [{ b: 2 }],
      c: [3],
      d: null,
    });
  });

  test.each([
    [undefined, { a: 1 }, 9],
    [null, { a: 1 }, { a: 1 }],
    ["$.b.c", { a: 1 }, { a: 1, b: { c: 9 } }],
    ["$['b c'][0]", { "b c": [1, 2] }, { "b c": [9, 2] }],
  ])("a result goes to %s", (path, input, expected) => {
    expect(placeResult(path, input, 9)).toEqual(expected);
  });

  test.each([
    ["$.a.b", { a: 1 }],
    ["$[0]", { a: 1 }],
    ["$.a[5]", { a: [] }],
  ])("a result does not fit at %s", (path, input) => {
    expect(() => placeResult(path, input, 9)).toThrow("States.ResultPathMatchFailure");
  });
});
