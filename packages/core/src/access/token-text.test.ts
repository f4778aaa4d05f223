import { assert, dictionary, jsonValue, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { isCanonicalBase64url, repeatsName } from "./token-text.ts";

/** As Node writes it: without padding, spare bits zero. */
const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

test("bytes have one spelling in base64url", () => {
  assert(property(uint8Array({ minLength: 1 }), (bytes) => isCanonicalBase64url(encoded(bytes))));
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const bytes of [1, 2, 3]) {
    const text = encoded(new Uint8Array(bytes).fill(0x5a));
    for (const last of alphabet) {
      const other = text.slice(0, -1) + last;
      const same = encoded(Buffer.from(other, "base64url")) === other;
      expect(isCanonicalBase64url(other), other).toBe(same);
    }
  }
});

test.for(["", "A", "AAAAA", "AA==", "AAA=", " AAA", "AAA ", "A+AA", "A/AA", "AA\nA", "AAA\n", "äAAA"])(
  "%j is not base64url",
  (text) => expect(isCanonicalBase64url(text)).toBe(false),
);

test("JSON that was written from a value says nothing twice", () => {
  assert(
    property(jsonValue(), (value) => {
      expect(repeatsName(JSON.stringify(value))).toBe(false);
      expect(repeatsName(JSON.stringify(value, null, 2))).toBe(false);
    }),
  );
});

test("a member more of a name that is there is found, at any depth and however it is written", () => {
  assert(
    property(string(), dictionary(string(), jsonValue()), (name, rest) => {
      const inner = JSON.stringify({ [`${name}x`]: 1, ...rest }).replace(
        "{",
        () => `{${JSON.stringify(`${name}x`)}:0,`,
      );
      for (const json of [inner, `{"a":{"b":${inner}}}`, `[{},${inner}]`, `{"a":[{"b":"}"}],"c":${inner}}`])
        expect(repeatsName(json), json).toBe(true);
    }),
  );
});

test.for([
  ['{"sub":"a","sub":"b"}', true],
  ['{"sub":"a","\\u0073ub":"b"}', true],
  ['{"sub" : "a", "sub"\n:"b"}', true],
  ['{"a":{"sub":1},"sub":2}', false],
  ['{"a":{},"b":{"a":{}},"a":1}', true],
  ['{"a":"sub","sub":"\\"sub\\":"}', false],
  ['{"a":"{","b":1,"a":2}', true],
  ['{"a\\"":1,"a":2}', false],
  ['{"a\\\\":1,"b":2,"a\\\\":3}', true],
  ['{"a":["x","x","x"]}', false],
  ['{"a":1,"b":{"x":1,"y":"}","x":2}}', true],
  ['{"a\\\\\\"":1,"b":2}', false],
  ["7", false],
] as const)("%j: %s", ([json, twice]) => expect(repeatsName(json)).toBe(twice));

test.for(['"', '{"a', '{"a\\"', '{"a":1,"b\\\\\\"'])("%j is not JSON, and not judged", (text) =>
  expect(() => repeatsName(text)).toThrow("not JSON"),
);
