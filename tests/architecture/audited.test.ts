import { routes } from "@tenantry/contract/routes";
import { auditActions } from "@tenantry/core/audit/actions";
import { AuditEntry } from "@tenantry/core/audit/audit";
import { expect, test } from "vitest";
import { secret } from "../support/audited-world.ts";
import { audited, entriesOf } from "../support/audited.ts";

// Every operation of the contract that writes, by its own verb: what it commits tells who did what to what, and what
// was there before and is after.

const writing = Object.entries(routes)
  .filter(([, { method }]) => method !== "GET")
  .map(([name]) => name);

test("every operation that writes is asked, or says why the trail has nothing of it", () => {
  expect(Object.keys(audited).toSorted()).toEqual(writing.toSorted());
  expect(writing.length).toBeGreaterThan(30);
  const silent = Object.entries(audited).flatMap(([name, one]) => ("none" in one ? [name] : []));
  expect(silent).toEqual(["submitUsageEvents"]);
});

test.for(Object.entries(audited).flatMap(([name, one]) => ("none" in one ? [] : [{ name, one }])))(
  "$name: $one.action",
  async ({ one }) => {
    const entries = await entriesOf(one);
    expect(entries.map((entry) => AuditEntry.parse(entry))).toEqual(entries);
    expect(entries).toMatchObject([
      {
        action: one.action,
        actor: "sub-1",
        request_id: "req-1",
        source_ip: "192.0.2.1",
        user_agent: "test/1",
        target: "PUT /somewhere",
        result: "done",
      },
    ]);
    const [{ before, after } = { before: null, after: null }] = entries;
    const kind = auditActions[one.action];
    expect({ before: before !== null, after: after !== null }).toEqual({
      before: kind === "changes" || kind === "puts" || kind === "removes",
      after: kind !== "removes",
    });
    expect(before).not.toEqual(after);
    expect(JSON.stringify(entries)).not.toContain(secret);
  },
);
