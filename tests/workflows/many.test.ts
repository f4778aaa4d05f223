import { beforeAll, expect, test } from "vitest";
import { send, signIn } from "../support/api.ts";
import { takeInventory } from "../support/inventory.ts";
import { onboardMany } from "../support/many.ts";
import { ready } from "../support/ready.ts";

let token: string;
beforeAll(async () => {
  token = await signIn(ready());
});

test("many tenants at once are all active, each with what its tier has and none twice", async () => {
  const tiers = ["trial", "standard", "business"];
  const all = await onboardMany(ready(), token, { count: 42, atOnce: 20, tiers, prefix: "crowd" });
  expect(all.filter(({ status }) => status !== "succeeded")).toEqual([]);
  expect(new Set(all.map(({ tenant }) => tenant.id)).size).toBe(42);
  const inventory = await takeInventory(ready());
  for (const tier of tiers) {
    const had = all.filter((one) => one.tier === tier).map(({ tenant }) => inventory.of(tenant));
    expect(had[0]?.length).toBeGreaterThan(15);
    expect(had).toEqual(had.map(() => had[0]));
    expect(had[0]?.filter((each) => each === "event tenant.activated.v1")).toHaveLength(1);
  }
});

test("of two requests for one name at the same instant one makes the tenant", async () => {
  const post = () => send(ready(), "POST", "/admin/tenants", { token, body: { name: "Same Instant", tier: "trial" } });
  const answers = await Promise.all([post(), post(), post(), post()]);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  const refused = answers.filter(({ status }) => status === 409);
  expect(refused.map(({ body }) => body.type)).toEqual(Array(3).fill("/problems/tenant-exists"));
});
