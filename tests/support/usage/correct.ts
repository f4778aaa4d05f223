import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../api.ts";
import type { Ready } from "../app.ts";

/** A correction as the trace asks for it. */
export type Correction = { readonly tenant_id: string; readonly metric: string; readonly timestamp: string } & (
  | { readonly type: "void"; readonly event_id: string }
  | { readonly type: "adjust"; readonly value: string; readonly dimensions: Readonly<Record<string, string>> }
);

const reason = "A part of the trace.";

/**
 * Makes each correction, one after the other and while all else goes on. An event that is not counted yet is asked for
 * again, and so is whatever a fault befell.
 *
 * @param patience how long one may take, in milliseconds
 */
export const correctAll = async (
  ready: Ready,
  token: () => Promise<string>,
  corrections: readonly Correction[],
  patience: number,
): Promise<void> => {
  for (const correction of corrections) {
    for (const until = Date.now() + patience; ;) {
      const body = { ...correction, reason };
      const answer = await send(ready, "POST", "/admin/usage/adjustments", { token: await token(), body });
      if (answer.status === 201) break;
      // Whoever dies on the way has maybe written it: then it is applied by the sweep, and must not be made twice.
      if (answer.status >= 500 && (await isMade(ready, token, correction))) break;
      const comesLater = answer.status === 404 || answer.status === 429 || answer.status >= 500;
      if (!comesLater || Date.now() > until)
        throw new Error(`${JSON.stringify(correction)}: ${answer.status} ${answer.text}`);
      await sleep(500);
    }
  }
};

const isMade = async (ready: Ready, token: () => Promise<string>, correction: Correction): Promise<boolean> => {
  const body = await listOf(ready, token, correction.tenant_id);
  const made = body.items as { type: string; metric: string; event_id: string | null; value: string | null }[];
  return made.some(
    ({ type, metric, event_id, value }) =>
      type === correction.type &&
      metric === correction.metric &&
      (correction.type === "void" ? event_id === correction.event_id : value === correction.value),
  );
};

/** A tenant's adjustments; asked for again when a loaded cloud has no answer. */
const listOf = async (ready: Ready, token: () => Promise<string>, tenantId: string) => {
  for (let attempt = 1; ; attempt++) {
    const path = `/admin/usage/adjustments?tenant_id=${tenantId}&limit=100`;
    const { status, body, text } = await send(ready, "GET", path, { token: await token() });
    if (status === 200) return body as { readonly items: readonly unknown[] };
    if (status < 500 || attempt === 10) throw new Error(`${status} ${text}`);
    await sleep(1000);
  }
};

/** Waits until none is pending any more. */
export const correctionsApplied = async (
  ready: Ready,
  token: () => Promise<string>,
  tenants: readonly string[],
  patience: number,
): Promise<void> => {
  const until = Date.now() + patience;
  for (const tenantId of tenants)
    for (;;) {
      const body = await listOf(ready, token, tenantId);
      const pending = (body.items as { id: string; status: string }[]).filter((each) => each.status !== "applied");
      if (pending.length === 0) break;
      if (Date.now() > until) throw new Error(`Still pending: ${pending.map(({ id }) => id).join(", ")}.`);
      await sleep(1000);
    }
};
