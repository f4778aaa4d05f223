import { type TierName, tiers } from "@tenantry/core/tenant/tier";
import { type FaultName, type Point, textOfCall } from "./schedule.ts";

/** The calls of an onboarding of one tier: of its steps, and of the steps that take it back. */
export type TierPoints = {
  readonly tier: TierName;
  readonly onward: readonly Point[];
  readonly back: readonly Point[];
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
 * - A read leaves things as they were, so what comes after it is what comes before it, and to send it twice is nothing.
 * - A statement of SQL has no status: throttled, refused or failed, its connection breaks.
 * - A worker that is killed and one whose time is up stop at the same place, and the state machine tries both once more:
 *   one of the two, by turns.
 */
export const faultsAt = (point: Point, turn: number): { survivable: FaultName[]; fatal: FaultName[] } => {
  const [before, after] =
    turn % 2 === 0 ? (["killed", "timed-out-after"] as const) : (["timed-out", "killed-after"] as const);
  const sql = point.service === "postgres";
  if (isRead(point))
    return {
      survivable: [...(sql ? [] : (["throttle"] as const)), "error", before, "task-twice"],
      fatal: [...(sql ? [] : (["refused"] as const)), "killed-twice"],
    };
  return {
    survivable: [
      ...(sql ? [] : (["throttle", "call-twice"] as const)),
      "error",
      "lost-reply",
      before,
      after,
      "task-twice",
    ],
    fatal: [...(sql ? [] : (["refused", "refused-after"] as const)), "killed-twice"],
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
