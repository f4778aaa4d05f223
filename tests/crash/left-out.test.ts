import { expect, test } from "vitest";
import { leftOut, withoutCall } from "../support/crash/left-out.ts";
import { ready } from "../support/ready.ts";

test.for(leftOut)("the proof notices that %s leaves out %s:%s", async (one) => {
  const { violations } = await withoutCall(ready(), one);
  expect(violations.map(({ what }) => what)).toContainEqual(expect.stringContaining(one[3]));
});
