import { randomBytes } from "node:crypto";

/** Values under random names that are good for one use and some minutes, kept in memory. */
export interface Once<T> {
  /** Answers the name. */
  put(value: T): string;
  /** Undefined when there is none, it was taken before, or it is too old. */
  take(name: string): T | undefined;
}

export const openOnce = <T>(now: () => number, seconds: number): Once<T> => {
  const kept = new Map<string, { readonly value: T; readonly endsAt: number }>();
  return {
    put(value) {
      for (const [name, { endsAt }] of kept) if (endsAt <= now()) kept.delete(name);
      const name = randomBytes(32).toString("base64url");
      kept.set(name, { value, endsAt: now() + seconds });
      return name;
    },
    take(name) {
      const found = kept.get(name);
      kept.delete(name);
      return found !== undefined && found.endsAt > now() ? found.value : undefined;
    },
  };
};

/** What an application asked the authorize endpoint for. */
export type Asked = {
  readonly poolId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  readonly nonce?: string;
  /** Of PKCE with S256. */
  readonly challenge?: string;
};

/** A user who was sent to a provider. */
export type Sent = Asked & {
  readonly provider: string;
  readonly providerNonce: string;
  readonly verifier: string;
};

/** A code that was given to an application. */
export type Granted = Asked & { readonly username: string };

export type Waiting = { readonly sent: Once<Sent>; readonly granted: Once<Granted> };

/** Cognito gives a user five minutes at the provider, and an application five for its code. */
export const openWaiting = (now: () => number): Waiting => ({ sent: openOnce(now, 300), granted: openOnce(now, 300) });
