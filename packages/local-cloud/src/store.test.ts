import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "./store.ts";

test("a collection lists what begins with a prefix, in key order, and survives a restart", () => {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  const file = join(folder, "store.sqlite");
  const first = openStore(file);
  const users = first.collection<number>("users");
  for (const key of ["b", "ab", "a", "a%", "a_x", "añ", "aż", "a😀", "ab\u{10FFFE}", "ac"]) users.put(key, key.length);
  first.collection<number>("others").put("ab", 0);
  first.close();
  const second = openStore(file);
  const kept = second.collection<number>("users");
  expect(kept.list().map(({ key }) => key)).toHaveLength(10);
  expect(kept.list("ab").map(({ key }) => key)).toEqual(["ab", "ab\u{10FFFE}"]);
  expect(kept.list("a%").map(({ key }) => key)).toEqual(["a%"]);
  expect(kept.list("a😀").map(({ key }) => key)).toEqual(["a😀"]);
  expect(kept.list("z")).toEqual([]);
  kept.delete("ab");
  expect(kept.get("ab")).toBeUndefined();
  expect(second.collection<number>("others").get("ab")).toBe(0);
  second.close();
  rmSync(folder, { recursive: true });
});
