import { decide } from "../api/policy.ts";
import type { Host } from "../part.ts";
import type { Connection } from "./connections.ts";
import { authorizerEvent, routeArn } from "./event.ts";
import type { SocketApi, SocketAuthorizer } from "./model.ts";

/** A handshake that is refused, with the status it is answered with. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const identityOf = (source: string, { request }: Connection): string | undefined => {
  const header = /^route\.request\.header\.(.+)$/.exec(source)?.[1];
  if (header !== undefined) return request.lowHeaders[header.toLowerCase()];
  const query = /^route\.request\.querystring\.(.+)$/.exec(source)?.[1];
  return query === undefined ? undefined : request.query?.[query];
};

/**
 * Asks the authorizer of `$connect`. Its answer is not kept: WebSocket APIs cache none.
 * @returns the context that the integrations are given.
 * @throws Refused 401 when it says so or an identity source is missing, 403 by its policy, 500 when it fails.
 */
export const authorizeConnection = async (
  host: Host,
  api: SocketApi,
  authorizer: SocketAuthorizer,
  connection: Connection,
): Promise<Readonly<Record<string, unknown>>> => {
  if (authorizer.identitySources.some((source) => !identityOf(source, connection))) {
    throw new Refused(401, "Unauthorized");
  }
  const failed = (why: string): Refused => {
    host.log(`websocket: the authorizer ${authorizer.functionArn} ${why}`);
    return new Refused(500, "Internal server error");
  };
  const outcome = await host
    .invoke(authorizer.functionArn, authorizerEvent(host, api, connection))
    .catch((error: unknown) => Promise.reject(failed(`could not be run: ${String(error)}`)));
  if (outcome.error?.errorMessage === "Unauthorized") throw new Refused(401, "Unauthorized");
  if (outcome.error) throw failed(`failed: ${outcome.error.errorType}: ${outcome.error.errorMessage}`);
  const answer = outcome.payload as { principalId?: unknown; policyDocument?: unknown; context?: unknown } | null;
  if (typeof answer?.principalId !== "string") throw failed("answered without a principalId");
  const context = Object.entries(answer.context ?? {});
  if (context.some(([, value]) => typeof value === "object" && value !== null))
    throw failed("answered a nested context");
  let decision: ReturnType<typeof decide>;
  try {
    decision = decide(answer.policyDocument, routeArn(host, api, "$connect"));
  } catch (error) {
    throw failed(`answered with a bad policy: ${String(error)}`);
  }
  if (decision !== "allow") throw new Refused(403, "Forbidden");
  return {
    ...Object.fromEntries(context.map(([name, value]) => [name, String(value)])),
    principalId: answer.principalId,
  };
};
