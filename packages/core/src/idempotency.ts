import type { Context } from "./context.ts";

/** One user may act for several organisations, and gets nothing in one that was said in another. */
export const callerOf = ({ actor }: Context): string => `${actor.orgId}#${actor.id}`;

/** So long is a key known, and what was made under it. */
export const keyLifeSeconds = 24 * 3600;

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

/** A request that bears a key, as what it made remembers it. */
export type KeyedRequest = Pick<IdempotentRequest, "caller" | "operation" | "key" | "payload">;

/** What a request made, by its id: committed with it, and known for as long as the key is. */
export type Making = { readonly request: KeyedRequest; readonly id: string };

/** The request's making of this, for its commit; undefined for a request without a key. */
export const makingOf = (request: KeyedRequest | undefined, id: string): Making | undefined =>
  request && { request, id };

/**
 * Requests that have made something. One that died before it was answered, and comes again, has done what it was to do
 * and must not do it twice.
 */
export interface Makings {
  /**
   * The id of what this request made; null if it has made nothing.
   *
   * @throws Problem `idempotency-key-reused` when another request of the caller's made something under the key
   */
  find(request: KeyedRequest): Promise<string | null>;
}

/** The same for a request that may bear no key. @throws Problem `idempotency-key-reused` */
export const madeBy = async (makings: Makings, request: KeyedRequest | undefined): Promise<string | null> =>
  request === undefined ? null : makings.find(request);

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
