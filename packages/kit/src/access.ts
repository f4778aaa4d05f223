import { type Caller, KeysUnavailable, TokenRefused } from "./verify-token.ts";

export type AccessOptions = {
  readonly verify: (token: string) => Promise<Caller>;
  /** What the token must permit; any token of a tenant if not given. */
  readonly permission?: string;
  /** Told why a request was refused. */
  readonly onRefused?: (reason: string) => void;
};

/** RFC 9457. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: 401 | 403 | 503;
  readonly detail: string;
};

export const problemType = "application/problem+json";

const problem = (status: Problem["status"], title: string, detail: string): { readonly problem: Problem } => ({
  problem: { type: "about:blank", title, status, detail },
});

/** What a 401 must say besides (RFC 9110, section 11.6.1). */
export const challenge = { "www-authenticate": "Bearer" };

const bearer = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Judges the `Authorization` header of a request: its caller, or the problem to answer with. The answer never says what
 * was wrong with a token; `onRefused` hears it.
 */
export const access = async (
  header: string | undefined,
  { verify, permission, onRefused }: AccessOptions,
): Promise<{ readonly caller: Caller } | { readonly problem: Problem }> => {
  const refuse = (reason: string) => {
    onRefused?.(reason);
    return problem(401, "Unauthenticated", "The request has no valid access token.");
  };
  const [, token] = bearer.exec(header ?? "") ?? [];
  if (token === undefined) return refuse("There is no bearer token.");
  try {
    const caller = await verify(token);
    if (permission === undefined || caller.permissions.has(permission)) return { caller };
    onRefused?.(`${caller.userId} lacks ${permission}.`);
    return problem(403, "Forbidden", `This needs the permission ${permission}.`);
  } catch (error) {
    if (error instanceof TokenRefused) return refuse(error.message);
    if (!(error instanceof KeysUnavailable)) throw error;
    onRefused?.(error.message);
    return problem(503, "Unavailable", "Tokens cannot be verified at the moment.");
  }
};
