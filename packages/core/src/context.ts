import type { Acting } from "./access/impersonation.ts";
import type { Permission } from "./access/policy.ts";

/** Who is asking. Built at the edge from a verified token; verbs take it as their first argument. */
export type Context = {
  readonly actor: {
    /** The Cognito `sub`, or `system:<task>` for work the platform does itself. */
    readonly id: string;
    readonly email?: string | undefined;
    readonly orgId: string;
    readonly permissions: ReadonlySet<Permission>;
    /** Which of their sign-ins; keys and the platform itself have none. */
    readonly sessionId?: string | undefined;
    /** For staff who impersonate a user: `id` and `email` are their own, organisation and permissions the user's. */
    readonly onBehalfOf?: Acting | undefined;
  };
  readonly requestId: string;
  /** The caller's address where there is one. */
  readonly sourceIp?: string | undefined;
  readonly userAgent?: string | undefined;
  /** What the request is on, such as `PATCH /api/users/b4c8…`. */
  readonly target?: string | undefined;
};
