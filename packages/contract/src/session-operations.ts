import { z } from "zod";
import { define, none } from "./define.ts";
import { instantExample, pathId, tenantIdExample } from "./schemas/common.ts";
import { Session, sessionIdExample, SwitchBody } from "./schemas/session.ts";

const json = "application/json";
const endedAt = z.string().meta({ description: "From then on its tokens are refused.", example: instantExample });

/** The operations on the caller's own sessions. */
export const sessionOperations = {
  listSessions: define("listSessions", {
    tag: "Sessions",
    summary: "List your sessions",
    description:
      "Where you are signed in, the session used last first. A session ends after an hour without a request.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "Your sessions.",
      contentType: json,
      body: z.strictObject({ items: z.array(Session) }),
    },
    problems: [],
  }),
  endSession: define("endSession", {
    tag: "Sessions",
    summary: "End a session",
    description: "Its tokens are refused within half a minute, and so are those that a refresh would make of them.",
    params: z.strictObject({ session_id: pathId("The session's id.", sessionIdExample) }),
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The session is over.",
      contentType: json,
      body: z.strictObject({ id: z.string(), ended_at: endedAt }),
    },
    problems: ["session-not-found"],
  }),
  endAllSessions: define("endAllSessions", {
    tag: "Sessions",
    summary: "Sign out everywhere",
    description: "Ends every session of yours, this one too.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "You are signed out.",
      contentType: json,
      body: z.strictObject({ ended_at: endedAt }),
    },
    problems: [],
  }),
  switchOrganization: define("switchOrganization", {
    tag: "Sessions",
    summary: "Act for another organisation",
    description:
      "Chooses which of your organisations you act for. Refresh your token: the next one speaks for it, until you choose another. The token you have keeps speaking for the organisation that it names.",
    params: none,
    query: none,
    body: SwitchBody,
    success: {
      status: 200,
      description: "Your next token speaks for this organisation.",
      contentType: json,
      body: z.strictObject({
        org_id: z.string().meta({ example: tenantIdExample }),
        roles: z.array(z.string()).meta({ description: "Your roles there." }),
      }),
    },
    problems: ["tenant-not-found"],
  }),
} as const;
