import { expect, test } from "vitest";
import { aTenant } from "../provisioning/testing.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { Packed } from "./pack.ts";
import { sampleStorage, type Scale } from "./sample-storage.ts";

const ids = Array.from({ length: 250 }, (_, n) => `ten_01JD0000000000000000000${String(n).padStart(3, "0")}`);

const platform = (files: Scale["bytes"], now = "2026-11-20T13:07:45.123Z") => {
  const tenants: Tenant[] = ids.map((id, n) =>
    aTenant({ id, slug: `t-${n}`, status: n === 7 ? "deleted" : n === 8 ? "suspended" : "active" }),
  );
  const sent: Packed[] = [];
  const ports = {
    registry: {
      listTenants: async (
        { status }: { status?: string | undefined },
        page: { limit: number; after: string | null },
      ) => {
        const all = tenants.filter((tenant) => tenant.status === status && tenant.id > (page.after ?? ""));
        const items = all.slice(0, page.limit);
        return { items, next: all.length > items.length ? (items.at(-1)?.id ?? null) : null };
      },
    },
    files: { bytes: files },
    databases: { bytes: async () => 1_000_499 },
    sink: {
      put: async (records: readonly Packed[]) => {
        sent.push(...records);
        return records.map(() => true);
      },
    },
    clock: () => new Date(now),
  };
  const events = () => sent.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  return { run: sampleStorage(ports), events };
};

test("each tenant that keeps something gets one sample of the hour, files and database together", async () => {
  const { run, events } = platform(async () => 2_500_000_000);
  expect(await run()).toEqual({ sampled: 249, errors: [] });
  expect(events()).toHaveLength(249);
  expect(events().find((event) => event["tenant_id"] === ids[8])).toEqual({
    id: "storage-2026-11-20T13:00:00.000Z",
    tenant_id: ids[8],
    metric: "storage_gb",
    value: 2.501,
    timestamp: "2026-11-20T13:00:00.000Z",
  });
  expect(events().some((event) => event["tenant_id"] === ids[7])).toBe(false);
});

test("a run that is repeated within the hour sends the same events again, so that they count once", async () => {
  const [first, again] = [platform(async () => 1), platform(async () => 1, "2026-11-20T13:59:59Z")];
  await first.run();
  await again.run();
  expect(again.events()).toEqual(first.events());
  const later = platform(async () => 1, "2026-11-20T14:00:00Z");
  await later.run();
  expect(later.events()[0]?.["id"]).not.toBe(first.events()[0]?.["id"]);
});

test("a tenant that cannot be weighed gets no sample and keeps nobody else from one", async () => {
  const { run, events } = platform(async ({ id }) => {
    if (id === ids[3]) throw new Error("Access denied.");
    return 0;
  });
  expect(await run()).toEqual({ sampled: 248, errors: [new Error("Access denied.")] });
  expect(events().some((event) => event["tenant_id"] === ids[3])).toBe(false);
});
