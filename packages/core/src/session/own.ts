import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";

/** The user whose own session this is. @throws Problem `forbidden` for a key, which is nobody who could sign in. */
export const ownSession = (ctx: Context): { readonly userId: string; readonly sessionId: string } => {
  const { id, sessionId } = ctx.actor;
  if (ctx.actor.onBehalfOf !== undefined)
    throw new Problem("forbidden", "A user's sessions and invitations are nobody else's.");
  if (sessionId === undefined) throw new Problem("forbidden", "Only a user who signed in has sessions.");
  return { userId: id, sessionId };
};
