import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";
import { expect, test } from "vitest";
import { preTokenGeneration } from "./pre-token-generation.ts";

const eventOf = (groups: string[] | undefined) =>
  ({
    version: "2",
    triggerSource: "TokenGeneration_Authentication",
    userName: "user",
    request: {
      userAttributes: { sub: "sub-1", email: "a@b.example" },
      groupConfiguration: groups === undefined ? {} : { groupsToOverride: groups },
      scopes: [],
    },
    response: { claimsAndScopeOverrideDetails: null },
  }) as unknown as PreTokenGenerationV2TriggerEvent;

const claimsAdded = (event: PreTokenGenerationV2TriggerEvent) =>
  event.response.claimsAndScopeOverrideDetails?.accessTokenGeneration?.claimsToAddOrOverride;

test("staff get the platform's claims without a look at the registry", async () => {
  const trigger = preTokenGeneration(() => Promise.reject(new Error("not asked")));
  expect(claimsAdded(await trigger(eventOf(["platform-support"])))).toEqual({
    org_id: "org_platform",
    roles: "platform-support",
    permissions: "tenants:read operations:read usage:read",
    email: "a@b.example",
  });
});

test("a tenant's user gets the claims of the membership under their sub", async () => {
  const trigger = preTokenGeneration(async (userId) => [
    { user_id: userId, tenant_id: `ten_of_${userId}`, roles: ["tenant-owner"], created_at: "2026-01-01T00:00:00.000Z" },
  ]);
  for (const groups of [[], undefined])
    expect(claimsAdded(await trigger(eventOf(groups)))).toEqual({
      org_id: "ten_of_sub-1",
      roles: "tenant-owner",
      permissions: "usage:read",
      email: "a@b.example",
    });
});

test("a user of neither gets no organisation and no permissions", async () => {
  const added = claimsAdded(await preTokenGeneration(async () => [])(eventOf([])));
  expect(added).toEqual({ roles: "", permissions: "", email: "a@b.example" });
});

test("the sign-in fails when the memberships cannot be read", async () => {
  const trigger = preTokenGeneration(() => Promise.reject(new Error("throttled")));
  await expect(trigger(eventOf([]))).rejects.toThrow("throttled");
});
