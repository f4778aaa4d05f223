import { signIn } from "../api.ts";
import type { Ready } from "../app.ts";

/** Gives an access token; a new one every half hour, as one lives for an hour and a large trace takes longer. */
export const freshToken = (ready: Ready): (() => Promise<string>) => {
  let token: Promise<string> | undefined;
  let until = 0;
  return () => {
    if (token === undefined || Date.now() > until) {
      token = signIn(ready);
      token.catch(() => (token = undefined));
      until = Date.now() + 30 * 60_000;
    }
    return token;
  };
};
