/**
 * Every error a caller can meet: its HTTP status and its title (RFC 9457). The code is the last part of the
 * problem's `type` and names its page, `docs/problems/<code>.md`.
 */
export const problems = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "invalid-json": { status: 400, title: "The body is not JSON" },
  "invalid-cursor": { status: 400, title: "The cursor is not valid here" },
  "webhook-url-refused": { status: 400, title: "The webhook's URL is refused" },
  "sso-issuer-refused": { status: 400, title: "The identity provider's issuer is refused" },
  "invalid-usage-window": { status: 400, title: "The usage window is not valid" },
  "invalid-usage-event": { status: 400, title: "The usage event is not valid" },
  "billing-month-not-begun": { status: 400, title: "The billing month has not begun" },
  unauthenticated: { status: 401, title: "A valid access token is needed" },
  forbidden: { status: 403, title: "The token does not permit this" },
  "not-found": { status: 404, title: "There is nothing here" },
  "tenant-not-found": { status: 404, title: "There is no such tenant" },
  "operation-not-found": { status: 404, title: "There is no such operation" },
  "webhook-not-found": { status: 404, title: "There is no such webhook" },
  "tier-not-found": { status: 404, title: "There is no such tier" },
  "invoice-not-found": { status: 404, title: "There is no invoice of this month" },
  "webhook-delivery-not-found": { status: 404, title: "There is no such delivery" },
  "quarantine-entry-not-found": { status: 404, title: "There is no such quarantine entry" },
  "email-refused": { status: 400, title: "The e-mail address is refused" },
  "role-beyond-own": { status: 403, title: "Nobody can give what they may not do" },
  "user-not-found": { status: 404, title: "There is no such user" },
  "invitation-not-found": { status: 404, title: "There is no such invitation" },
  "role-not-found": { status: 404, title: "There is no such role" },
  "user-exists": { status: 409, title: "The user is a member already" },
  "last-owner": { status: 409, title: "A tenant keeps an owner" },
  "invitation-expired": { status: 410, title: "The invitation has expired" },
  "api-key-scope-refused": { status: 403, title: "The key cannot have this scope" },
  "api-key-not-found": { status: 404, title: "There is no such API key" },
  "api-key-not-active": { status: 409, title: "The API key is no longer active" },
  "session-not-found": { status: 404, title: "There is no such session" },
  "sso-not-configured": { status: 404, title: "There is no single sign-on" },
  "sso-not-available": { status: 409, title: "The tenant cannot have single sign-on" },
  "impersonation-not-found": { status: 404, title: "There is no such impersonation" },
  "not-acceptable": { status: 406, title: "There is no such representation" },
  "usage-event-not-found": { status: 404, title: "No such usage event counts" },
  "correction-not-applicable": { status: 409, title: "The meter cannot be corrected so" },
  "tenant-exists": { status: 409, title: "A tenant of this name exists" },
  "state-conflict": { status: 409, title: "The state does not allow this" },
  "meter-conflict": { status: 409, title: "The meter does not allow this" },
  "quota-used-up": { status: 409, title: "A quota is used up" },
  "idempotency-in-flight": { status: 409, title: "The first request of this key is still in flight" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "idempotency-key-reused": { status: 422, title: "The idempotency key was used for another request" },
  "quota-exceeded": { status: 429, title: "The month's quota is used up" },
  "daily-requests-used-up": { status: 429, title: "The day's requests are used up" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "Something went wrong on our side" },
  unavailable: { status: 503, title: "Try again shortly" },
} as const;

export type ProblemCode = keyof typeof problems;

/** One fault in the request: a JSON pointer into the body (`/config/region`) or a parameter (`query:from`), and why. */
export type FieldError = { pointer: string; detail: string };

/** An error that a caller may see. `detail` is written for them; anything internal belongs in `cause`, which only the log gets. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** When what is refused now will be granted again, an instant, where that is known. */
  readonly resetsAt: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { errors?: readonly FieldError[]; resetsAt?: string; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.resetsAt = options.resetsAt;
  }

  get status(): number {
    return problems[this.code].status;
  }
}
