import { type TierName, tiers } from "@tenantry/core/tenant/tier";
import { type FaultName, isSql, type Point, textOfCall } from "./schedule.ts";

/** A call that was seen. Each run of a task has one that opens it. */
export type Seen = Point & { readonly opens: boolean };

/** The calls of an onboarding of one tier: of its steps, and of the steps that take it back. */
export type TierPoints = {
  readonly tier: TierName;
  readonly onward: readonly Seen[];
  readonly back: readonly Seen[];
};

const reads = /^(?:Get|Head|List|Describe|AdminGet|Query$|GET )/;
/** Those that take a lock, end a session or set something are no mere looks. */
const selects = /^select (?!pg_advisory|pg_terminate|set_config)/i;

/** A call that changes nothing: before and after it things stand alike. */
export const isRead = ({ service, action }: Point): boolean =>
  service === "postgres" ? selects.test(action) : reads.test(action);

/**
 * The faults that differ at a call, in two lists: those that an onboarding shall survive, and those that end it. Left out
 * is what cannot differ from something that is in:
 * - A death before a call leaves what one after the call before it left; only the call that opens a task has none before.
 * - A read leaves things as they were: a death after it leaves what one before it left, and to send it twice is nothing.
 * - A statement of SQL has no status: throttled, refused or failed, its connection breaks.
 * - The cluster asks STS whose token it is, and refuses for good when it is not told; the caller cannot see why.
 * - What is refused for good after it had its effect, and a worker that dies there twice, leave the same to be taken back:
 *   one of the two, by turns.
 * - A worker that is killed and one whose time is up stop at the same place, and the state machine tries both once more:
 *   one of the two, by turns.
 */
export const faultsAt = (point: Seen, turn: number): { survivable: FaultName[]; fatal: FaultName[] } => {
  const [before, after] =
    turn % 2 === 0 ? (["killed", "timed-out-after"] as const) : (["timed-out", "killed-after"] as const);
  const end: FaultName = turn % 4 < 2 ? "refused-after" : "killed-twice";
  const status = !isSql(point);
  const writes = !isRead(point);
  const heard = point.service !== "sts";
  return {
    survivable: [
      ...(status && heard ? (["throttle"] as const) : []),
      ...(status && writes ? (["call-twice"] as const) : []),
      ...(heard ? (["error"] as const) : []),
      ...(writes ? (["lost-reply"] as const) : []),
      ...(point.opens ? [before] : []),
      ...(writes ? [after] : []),
      "task-twice",
    ],
    fatal: [
      ...(heard ? [] : (["throttle", "error"] as const)),
      ...(status ? (["refused"] as const) : []),
      ...(status && writes ? [end] : writes || point.opens ? (["killed-twice"] as const) : []),
    ],
  };
};

/** How the tier isolates what a step makes. Two tiers that isolate alike run the same code with the same calls. */
const variantOf = (tier: TierName, { step, service }: Point): string => {
  const { database, storage, identity } = tiers[tier];
  if (step.endsWith("Database")) {
    // A database of one's own is made by the same statements, on whichever server.
    if (step === "ProvisionDatabase" && service === "postgres") return database === "pool" ? "pool" : "own";
    return database;
  }
  if (step.endsWith("Storage")) return storage;
  return step.endsWith("Identity") ? identity : "any";
};

/** What a call is in whichever tier: the same text, the same call. */
export const callOf = (tier: TierName, point: Point): string =>
  `${point.step}[${variantOf(tier, point)}] ${textOfCall(point)}`;
