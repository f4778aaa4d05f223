import { platformOrg } from "../access/policy.ts";
import { TenantId } from "../ids.ts";
import type { ApiCall } from "../intake/count-api-calls.ts";
import type { Clock, Commit, NewId } from "../ports.ts";
import type { AuditAction } from "./actions.ts";
import type { AuditEntry } from "./audit.ts";

/** A request as the access log has it, with the permission that its route asks for. */
export type AnsweredRequest = ApiCall & {
  readonly permission: string;
  readonly sourceIp: string;
  /** As the client calls itself, cut. */
  readonly userAgent: string;
  /** The user in whose name a member of staff asked, and by which impersonation. */
  readonly onBehalfOf?: { readonly user_id: string; readonly impersonation_id: string } | undefined;
};

/** What one caller was denied of one permission in one minute. */
export type Denials = {
  /** Whose trail they go to: the caller's own. */
  readonly tenant_id: string;
  readonly actor: string;
  readonly permission: string;
  /** The minute's begin, an instant. */
  readonly minute: string;
  readonly count: number;
  /** The first of them. */
  readonly example: {
    readonly request_id: string;
    readonly at: string;
    readonly status: number;
    readonly route: string;
    readonly source_ip: string;
    readonly user_agent: string;
    readonly on_behalf_of: { readonly user_id: string; readonly impersonation_id: string } | null;
  };
};

/** Counts of denials that no entry tells of yet. */
export interface DenialCounts {
  /** Notes the first denials of the minute, with their entry. Returns false and writes nothing if there were some before. */
  open(denials: Denials, commit: Commit): Promise<boolean>;
  /** Counts more of the same minute, for one entry after it. */
  add(denials: Denials): Promise<void>;
  /** Some of those whose minute began before, with what was added and is not told. */
  due(before: string): Promise<readonly Denials[]>;
  /** Writes the entry of what is due. Does nothing if more was added meanwhile. */
  tell(denials: Denials, commit: Commit): Promise<void>;
}

const minuteMillis = 60_000;

/**
 * Whether a request was denied: by the authorizer or the API (403), or as what is not there for a tenant's user who named
 * it in the path (404), which is how everything of another tenant is denied.
 */
export const isDenial = ({ status, orgId, route }: AnsweredRequest): boolean =>
  status === 403 || (status === 404 && route.includes("{") && TenantId.safeParse(orgId).success);

const denialsIn = (requests: readonly AnsweredRequest[]): Denials[] => {
  const groups = new Map<string, Denials>();
  for (const request of requests.filter(isDenial)) {
    const tenant_id = request.orgId === "" ? platformOrg : request.orgId;
    const minute = new Date(request.at - (request.at % minuteMillis)).toISOString();
    const name = [tenant_id, request.user, request.permission, minute].join(" ");
    const before = groups.get(name);
    groups.set(name, before === undefined ? first(request, tenant_id, minute) : { ...before, count: before.count + 1 });
  }
  return [...groups.values()];
};

const first = (request: AnsweredRequest, tenant_id: string, minute: string): Denials => ({
  tenant_id,
  actor: request.user,
  permission: request.permission,
  minute,
  count: 1,
  example: {
    request_id: request.requestId,
    at: new Date(request.at).toISOString(),
    status: request.status,
    route: request.route,
    source_ip: request.sourceIp,
    user_agent: request.userAgent,
    on_behalf_of: request.onBehalfOf ?? null,
  },
});

type DenialPorts = { readonly counts: DenialCounts; readonly clock: Clock; readonly newId: NewId };

const entryOf = (
  ports: DenialPorts,
  { tenant_id, actor, permission, minute, count, example }: Denials,
): AuditEntry => ({
  id: ports.newId("audit"),
  at: ports.clock().toISOString(),
  actor,
  action: "access.deny" satisfies AuditAction,
  tenant_id,
  request_id: example.request_id,
  source_ip: example.source_ip,
  before: null,
  after: { permission, status: example.status, count, minute },
  on_behalf_of: example.on_behalf_of === null ? null : { ...example.on_behalf_of, reason: null },
  target: example.route,
  user_agent: example.user_agent,
  result: "denied",
});

/**
 * Tells the trail of the caller's own organisation what was denied: the first of a minute at once, all others of the same
 * caller, permission and minute by one entry with their count once the minute is over. So a flood of requests makes two
 * entries a minute, and none waits for its entry.
 *
 * @returns how many entries
 */
export const auditDenials =
  (ports: DenialPorts) =>
  async (requests: readonly AnsweredRequest[]): Promise<number> => {
    let told = 0;
    const commit = (denials: Denials): Commit => ({ audit: entryOf(ports, denials), events: [] });
    for (const denials of denialsIn(requests)) {
      if (await ports.counts.open(denials, commit(denials))) told += 1;
      else await ports.counts.add(denials);
    }
    const over = new Date(ports.clock().getTime() - minuteMillis).toISOString();
    for (const denials of await ports.counts.due(over)) {
      await ports.counts.tell(denials, commit(denials));
      told += 1;
    }
    return told;
  };
