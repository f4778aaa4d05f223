import { setTimeout as sleep } from "node:timers/promises";
import { send, signIn } from "../api.ts";
import type { Ready } from "../app.ts";
import type { Known } from "../inventory.ts";

/** A tenant whose onboarding was begun, and the operation that does it. */
export type Subject = Known & { readonly operation: string };

/** Tenants of one run of the harness have names of one length, so that none is found in another. */
const names = (() => {
  const run = Date.now().toString(36).slice(-6);
  let number = 0;
  return () => `cr${run}-${String((number += 1)).padStart(5, "0")}`;
})();

/** Again, as long as that may help. */
const patiently = async <T>(run: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === 10) throw error;
      await sleep(1000);
    }
  }
};

/** What a platform admin does to tenants of the harness. */
export const subjectsOf = (ready: Ready) => {
  // A token lives for an hour, and a run may take longer.
  let token: { readonly value: Promise<string>; readonly since: number } | undefined;
  const signedIn = (): Promise<string> => {
    if (token === undefined || Date.now() - token.since > 600_000)
      token = { value: patiently(() => signIn(ready)), since: Date.now() };
    return token.value;
  };

  /** A machine with more to do than it can is no violation; with its key the request may be sent again. */
  const post = async (path: string, body: object, key: string) => {
    for (let tries = 1; ; tries += 1) {
      const headers = { "idempotency-key": key };
      const answer = await send(ready, "POST", path, { token: await signedIn(), body, headers }).catch(() => undefined);
      const busy = answer === undefined || answer.status >= 500 || answer.headers.has("retry-after");
      if (answer !== undefined && (answer.status === 202 || !busy || tries === 30)) return answer;
      if (tries === 30) throw new Error(`POST ${path}: no answer.`);
      await sleep(1000);
    }
  };

  return {
    /** Begins to onboard a tenant of a name that nobody has. */
    async begin(tier: string): Promise<Subject> {
      const slug = names();
      const owner = `owner@${slug}.example`;
      const { status, body, text } = await post("/admin/tenants", { name: slug, tier, owner: { email: owner } }, slug);
      // An answer that was lost leaves nothing to be replayed; the refusal names what there is.
      const [mine] = /\bten_\w+/.exec(body?.detail) ?? [];
      const [its] = /\bop_\w+/.exec(body?.detail) ?? [];
      if (status === 409 && body?.detail?.includes(`slug ${slug} `) && mine !== undefined && its !== undefined)
        return { id: mine, slug, owner, operation: its };
      if (status !== 202) throw new Error(`POST /admin/tenants: ${status} ${text}`);
      if (body.tenant.slug !== slug) throw new Error(`The slug of ${slug} is ${body.tenant.slug}.`);
      return { id: body.tenant.id, slug, owner, operation: body.operation.id };
    },

    /** Begins the nth retry. @returns why it was refused. */
    async retry({ slug, operation }: Subject, nth: number): Promise<string | undefined> {
      const answer = await post(`/admin/operations/${operation}/retry`, {}, `${slug}-retry-${nth}`);
      // An answer that was lost leaves nothing to be replayed: what it began goes on all the same.
      const begun = answer.status === 409 && /is (?:pending|running)/.test(answer.body?.detail);
      return begun || answer.status === 202 ? undefined : `${answer.status} ${answer.body?.type ?? answer.text}`;
    },

    /** Why the operation failed, in its own words. */
    errorOf: ({ operation }: Subject): Promise<string> =>
      patiently(async () => {
        const { status, body } = await send(ready, "GET", `/admin/operations/${operation}`, {
          token: await signedIn(),
        });
        if (status !== 200) throw new Error(`GET /admin/operations/${operation}: ${status}`);
        return `${body.error?.step} ${body.error?.code}: ${body.error?.message}`;
      }),

    statusOf: ({ id }: Known): Promise<string> =>
      patiently(async () => {
        const { status, body } = await send(ready, "GET", `/admin/tenants/${id}`, { token: await signedIn() });
        if (status !== 200) throw new Error(`GET /admin/tenants/${id}: ${status}`);
        return body.status as string;
      }),
  };
};
