import { randomBytes } from "node:crypto";
import type { Client, User } from "./model.ts";
import { notAuthorized } from "./state.ts";

/** A sign-in that waits for a new password. */
export type Challenge = { readonly poolId: string; readonly clientId: string; readonly username: string };

export interface Challenges {
  /** Answers the `Session` that stands for it. */
  open(client: Client, user: User): string;
  /** @throws AwsError NotAuthorizedException when there is none of this client, or it has ended */
  find(client: Client, session: string): Challenge;
  close(session: string): void;
}

const MINUTES = 3;

/** Kept in memory: they live for minutes. */
export const openChallenges = (now: () => number): Challenges => {
  const waiting = new Map<string, Challenge & { readonly endsAt: number }>();
  return {
    open(client, user) {
      for (const [session, { endsAt }] of waiting) if (endsAt <= now()) waiting.delete(session);
      const session = randomBytes(64).toString("base64url");
      const endsAt = now() + (client.settings.AuthSessionValidity ?? MINUTES) * 60;
      waiting.set(session, { poolId: user.poolId, clientId: client.id, username: user.username, endsAt });
      return session;
    },
    find(client, session) {
      const challenge = waiting.get(session);
      if (!challenge || challenge.clientId !== client.id)
        throw notAuthorized("Invalid session for the user, session can only be used once.");
      if (challenge.endsAt <= now()) throw notAuthorized("Invalid session for the user, session is expired.");
      return challenge;
    },
    close: (session) => void waiting.delete(session),
  };
};
