import { expect, test } from "vitest";
import { canonicalQuantity } from "./quantity.ts";

test.each([
  ["0", "0"],
  ["1000m", "1"],
  ["0.5", "500m"],
  ["1.5Gi", "1536Mi"],
  ["2048Mi", "2Gi"],
  ["512", "512"],
  ["1000", "1k"],
  ["1024", "1024"],
  ["1e3", "1k"],
  ["0.1n", "1n"],
  ["-5", "-5"],
  [".5", "500m"],
])("%s is written %s", (text, written) => {
  expect(canonicalQuantity(text)).toBe(written);
});

test.each(["", "a", "1x", "1.5.2", "1 Gi", "Gi", "0x10"])("%j is no quantity", (text) => {
  expect(canonicalQuantity(text)).toBeUndefined();
});
