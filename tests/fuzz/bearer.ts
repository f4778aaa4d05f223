/** Whoever asks, and how they sign in again. */
export type Bearer = { token: string; readonly signIn: () => Promise<string> };

const mostTries = 4;

/**
 * Asks with a bearer's token. Some fuzzed requests end the sessions of whoever asks, by a new role or a sign-out: then
 * they sign in again, and ask again. A 401 does nothing, so what was asked is not done twice.
 */
export const asked = async <A extends { readonly status: number }>(
  bearer: Bearer,
  ask: (token: string) => Promise<A>,
): Promise<A> => {
  for (let tries = 1; ; tries += 1) {
    const { token } = bearer;
    const answer = await ask(token);
    if (answer.status !== 401 || tries === mostTries) return answer;
    if (bearer.token === token) bearer.token = await bearer.signIn();
  }
};

/** What was answered how often, such as `200: 12, 404: 3`. */
export const countsIn = (statuses: ReadonlyMap<number, number>): string =>
  [...statuses]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ");
