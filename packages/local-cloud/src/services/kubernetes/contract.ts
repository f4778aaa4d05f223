import { beforeAll, expect } from "vitest";
import { applyContract } from "./contract/apply.ts";
import { changesContract } from "./contract/changes.ts";
import { ground } from "./contract/ground.ts";
import { kindsContract } from "./contract/kinds.ts";
import { objectsContract } from "./contract/objects.ts";
import type { Call } from "./testing.ts";

/** What the embedded Kubernetes API and a real one have in common. */
export const kubernetesContract = (connect: () => { call: Call }): void => {
  const on = ground(connect);
  beforeAll(async () => {
    expect((await on.open()).code).toBe(201);
  });
  for (const part of [objectsContract, changesContract, applyContract, kindsContract]) part(on);
};
