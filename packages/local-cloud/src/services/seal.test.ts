import { expect, test } from "vitest";
import { openSeal } from "./seal.ts";

test("a sealed text opens with its seed, purpose and context only, and not when altered", () => {
  const seal = openSeal("ab".repeat(32), "secrets");
  const sealed = seal.seal("text", "place");
  expect(seal.open(sealed, "place")).toBe("text");
  expect(seal.seal("text", "place")).not.toBe(sealed);
  const altered = Buffer.from(sealed, "base64");
  altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1);
  expect(() => seal.open(altered.toString("base64"), "place")).toThrow(/unable to authenticate/);
  expect(() => seal.open(sealed, "elsewhere")).toThrow(/unable to authenticate/);
  expect(() => openSeal("ab".repeat(32), "other").open(sealed, "place")).toThrow(/unable to authenticate/);
  expect(() => openSeal("cd".repeat(32), "secrets").open(sealed, "place")).toThrow(/unable to authenticate/);
});
