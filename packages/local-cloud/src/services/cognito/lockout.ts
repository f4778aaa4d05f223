import { notAuthorized } from "./state.ts";

/** Slows down who guesses passwords, as Cognito does: from the fifth failure on, a pause that doubles up to 15 minutes. */
export interface Lockout {
  /** @throws AwsError NotAuthorizedException during a pause */
  check(user: string): void;
  failed(user: string): void;
  succeeded(user: string): void;
}

const FREE = 5;
const LONGEST = 900;

/** Kept in memory: a restart forgives. */
export const openLockout = (now: () => number): Lockout => {
  const failures = new Map<string, { readonly count: number; readonly until: number }>();
  return {
    check(user) {
      if ((failures.get(user)?.until ?? 0) > now()) throw notAuthorized("Password attempts exceeded");
    },
    failed(user) {
      const before = failures.get(user);
      const forgiven = before === undefined || before.until + LONGEST < now();
      const count = forgiven ? 1 : before.count + 1;
      failures.set(user, { count, until: now() + (count < FREE ? 0 : Math.min(2 ** (count - FREE), LONGEST)) });
    },
    succeeded: (user) => void failures.delete(user),
  };
};
