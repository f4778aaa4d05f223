import type { Context } from "./context.ts";

/** One user may act for several organisations, and gets nothing in one that was said in another. */
export const callerOf = ({ actor }: Context): string => `${actor.orgId}#${actor.id}`;

/** What makes two requests the same one: who asks for which operation under which key. */
export type IdempotentRequest = {
  /** The user in the organisation for which they ask: nobody else is given the answer. */
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
  /** What the request asks for; under one key it must not change. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** After so long a request that has not ended is dead, and another may take its place. */
  readonly remainingMilliseconds: number;
};

/** What a request got. `until`, an instant, ends it earlier than the key itself: what it says is worth nothing after. */
export type Answer<Result> = { readonly result: Result; readonly until?: string | undefined };

/**
 * Runs a request once: a repeated one gets the result of the first. One that throws leaves nothing behind, so that it may
 * be sent again under the same key. Results may be secret, and are kept so that nobody reads them where they lie.
 *
 * @throws Problem `idempotency-key-reused` for another payload, `idempotency-in-flight` while the first still runs.
 */
export type Idempotency = <Result extends Readonly<Record<string, unknown>>>(
  request: IdempotentRequest,
  run: () => Promise<Answer<Result>>,
) => Promise<Result>;
