import { activityMillis, type Admission, admit } from "@tenantry/core/access/admission";
import type { AccessFacts, Origin } from "./access-facts.ts";
import { KeysUnavailable } from "./pool-keys.ts";
import type { TokenClaims } from "./token.ts";

/** What a token was judged to be by the state of its session, its bearer's roles and the organisation. */
export type Judged = TokenClaims & {
  /** Why its bearer may not do anything now, though the token is good. */ readonly barred?: string;
  /** What the gateway counts its requests under, if the tenant has a key of its own. */ readonly usageKey?: string;
};

type Verdict = { readonly admission: Admission; readonly bearer: Judged };

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
  const kept = new WeakMap<TokenClaims, { readonly until: number; readonly verdict: Promise<Verdict> }>();

  const look = async (claims: TokenClaims): Promise<Verdict> => {
    const { usageKey, ...known } = await facts.read(claims);
    const bearer = usageKey === undefined ? claims : { ...claims, usageKey };
    return { admission: admit(claims, known, now()), bearer };
  };

  const judge = async (claims: TokenClaims, origin: Origin): Promise<Verdict> => {
    const first = await look(claims);
    if (!first.admission.admitted || !first.admission.note) return first;
    await facts.note(claims, origin, now(), now() - activityMillis);
    // Whoever ended the session while this was noted is heard.
    return look(claims);
  };

  const verdictOn = (claims: TokenClaims, origin: Origin): Promise<Verdict> => {
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
    const { admission, bearer } = await verdictOn(claims, origin);
    if (admission.admitted) return bearer;
    if (admission.status === 401) throw new Error(`Refused: ${admission.reason}.`);
    return { ...bearer, barred: admission.reason };
  };
};
