import { describe, expect, test } from "vitest";
import { tenantStatuses } from "../tenant/tenant.ts";
import { activityMillis, admit, admits, idleMillis, type Known, type Presented } from "./admission.ts";
import { platformOrg } from "./policy.ts";

const now = Date.parse("2026-11-20T12:00:00.000Z");
const at = (millisAgo: number) => new Date(now - millisAgo).toISOString();

const token: Presented = { org_id: "ten_1", perm_epoch: "2.5", sid: "s", auth_time: now / 1000 - 7200 };
const known: Known = {
  session: { lastSeenAt: at(1000), ended: false },
  signedOutAt: null,
  membership: { status: "active", epoch: 5 },
  tenant: { status: "active", epoch: 2 },
};
const seen = (millisAgo: number) => ({ ...known, session: { lastSeenAt: at(millisAgo), ended: false } });
const judged = (change: Partial<Known>, shown: Partial<Presented> = {}) =>
  admit({ ...token, ...shown }, { ...known, ...change }, now);

describe("a token that verified is let in", () => {
  test.for<[why: string, known: Known, token: Partial<Presented>, note: boolean]>([
    ["within the minute, without a note", seen(activityMillis - 1), {}, false],
    ["a minute later, with a note", seen(activityMillis), {}, true],
    ["just before the session is idle", seen(idleMillis - 1), {}, true],
    ["at the first request of its session", { ...known, session: null }, { auth_time: now / 1000 - 3599 }, true],
    ["without an organisation", { ...known, tenant: null, membership: null }, { org_id: "", perm_epoch: "" }, false],
    ["as staff", { ...known, tenant: null, membership: null }, { org_id: platformOrg, perm_epoch: "" }, false],
    ["after a sign-out of what was before", { ...known, signedOutAt: token.auth_time - 1 }, {}, false],
  ])("%s", ([, facts, shown, note]) =>
    expect(admit({ ...token, ...shown }, facts, now)).toEqual({ admitted: true, note }),
  );
});

describe("a token that verified is refused", () => {
  test.for<[why: string, known: Partial<Known>, token?: Partial<Presented>]>([
    ["without a session", {}, { sid: "" }],
    ["without a time of sign-in", {}, { auth_time: 0 }],
    ["with a time of sign-in that is none", {}, { auth_time: Number.NaN }],
    ["whose session was ended", { session: { lastSeenAt: at(0), ended: true } }],
    ["whose session is idle for an hour", seen(idleMillis)],
    ["whose activity cannot be read", { session: { lastSeenAt: "", ended: false } }],
    ["that is refreshed after an hour without a first request", { session: null }, { auth_time: now / 1000 - 3600 }],
    ["of a session before the user signed out", { signedOutAt: token.auth_time }],
    ["of nobody's member", { membership: null }],
    ["of an invitation", { membership: { status: "invited", epoch: 5 } }],
    ["of a member who is disabled", { membership: { status: "disabled", epoch: 5 } }],
    ["of a past epoch of the member", { membership: { status: "active", epoch: 6 } }],
    ["of a past epoch of the tenant's roles", { tenant: { status: "active", epoch: 3 } }],
    ["of no epoch", {}, { perm_epoch: "" }],
    ["whose epoch cannot be read", { tenant: { status: "active", epoch: Number.NaN } }],
  ])("as unauthenticated: %s", ([, facts, shown]) =>
    expect(judged(facts, shown)).toMatchObject({ admitted: false, status: 401 }),
  );

  test.for(tenantStatuses)("or let in by the tenant's state: %s", (status) => {
    const verdict = judged({ tenant: { status, epoch: 2 } });
    const open = status === "active" || status === "frozen";
    expect(verdict).toEqual(
      open
        ? { admitted: true, note: false }
        : { admitted: false, status: 403, reason: `the organisation is ${status}` },
    );
    expect(admits(status)).toBe(verdict.admitted);
  });

  test("where the tenant is gone, or in a state that nobody knows", () => {
    expect(judged({ tenant: null })).toMatchObject({ admitted: false, status: 403 });
    for (const status of ["", "constructor"])
      expect(judged({ tenant: { status: status as "active", epoch: 2 } })).toMatchObject({ status: 403 });
  });
});

describe("a token by which staff act for a user", () => {
  const impersonation = { id: "imp_1", by: "s", user_id: "u" };
  const runs = { by: "s", user_id: "u", tenant_id: "ten_1", endsAt: at(-1), ended: false };

  test("is let in while the impersonation runs", () => {
    expect(judged({ impersonation: runs }, { impersonation })).toEqual({ admitted: true, note: false });
  });

  test.for<[why: string, known: Partial<Known>]>([
    ["there is none", { impersonation: null }],
    ["nobody looked", {}],
    ["it was ended", { impersonation: { ...runs, ended: true } }],
    ["its time is over", { impersonation: { ...runs, endsAt: at(0) } }],
    ["its time is none", { impersonation: { ...runs, endsAt: "" } }],
    ["it is somebody else's", { impersonation: { ...runs, by: "other" } }],
    ["it is for another user", { impersonation: { ...runs, user_id: "other" } }],
    ["it is for another tenant", { impersonation: { ...runs, tenant_id: "ten_2" } }],
    ["the user is disabled", { impersonation: runs, membership: { status: "disabled", epoch: 5 } }],
    ["the user's roles have changed", { impersonation: runs, membership: { status: "active", epoch: 6 } }],
    ["its own session was ended", { impersonation: runs, session: { lastSeenAt: at(0), ended: true } }],
  ])("is refused when %s", ([, facts]) =>
    expect(judged(facts, { impersonation })).toMatchObject({ admitted: false, status: 401 }),
  );
});

test("the first request of a session is noted, however short ago the sign-in was", () =>
  expect(judged({ session: null }, { auth_time: now / 1000 - 1 })).toEqual({ admitted: true, note: true }));

test("nobody who never signed out everywhere is out for it, at whatever time they signed in", () =>
  expect(judged({ signedOutAt: null, session: null }, { auth_time: now / 1000 })).toMatchObject({ admitted: true }));
