import { activityMillis, type Admission, admit } from "@tenantry/core/access/admission";
import type { AccessFacts, Origin } from "./access-facts.ts";
import { KeysUnavailable, type TokenClaims } from "./token.ts";

/** What a token was judged to be by the state of its session, its bearer's roles and the organisation. */
export type Judged = TokenClaims & {
  /** Why its bearer may not do anything now, though the token is good. */ readonly barred?: string;
};

type Options = {
  /** How long a judgement is kept. With the gateway's own cache it must stay within half a minute. */
  readonly keptMillis: number;
  readonly now?: () => number;
};

/**
 * Lets in whom the registry lets in at this moment, or did a few seconds ago. What goes wrong lets nobody in.
 *
 * @throws Error that says why the token is of no use; `KeysUnavailable` when that could not be found out.
 */
export const accessGate = (
  verify: (token: string) => Promise<TokenClaims>,
  facts: AccessFacts,
  { keptMillis, now = Date.now }: Options,
): ((token: string, origin: Origin) => Promise<Judged>) => {
  // A token that was verified before is the same object: what is kept goes when the token is forgotten.
  const kept = new WeakMap<TokenClaims, { readonly until: number; readonly verdict: Promise<Admission> }>();

  const judge = async (claims: TokenClaims, origin: Origin): Promise<Admission> => {
    const first = admit(claims, await facts.read(claims), now());
    if (!first.admitted || !first.note) return first;
    await facts.note(claims, origin, now(), now() - activityMillis);
    // Whoever ended the session while this was noted is heard.
    return admit(claims, await facts.read(claims), now());
  };

  const verdictOn = (claims: TokenClaims, origin: Origin): Promise<Admission> => {
    const known = kept.get(claims);
    if (known !== undefined && known.until > now()) return known.verdict;
    const verdict = judge(claims, origin).catch((cause: unknown) => {
      kept.delete(claims);
      throw new KeysUnavailable("The bearer cannot be looked up.", { cause });
    });
    kept.set(claims, { until: now() + keptMillis, verdict });
    return verdict;
  };

  return async (token, origin) => {
    const claims = await verify(token);
    const verdict = await verdictOn(claims, origin);
    if (verdict.admitted) return claims;
    if (verdict.status === 401) throw new Error(`Refused: ${verdict.reason}.`);
    return { ...claims, barred: verdict.reason };
  };
};
