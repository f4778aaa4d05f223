import { dynamodb } from "./engines/dynamodb.ts";
import { kinesis } from "./engines/kinesis.ts";
import { postgres } from "./engines/postgres.ts";
import { storage } from "./engines/storage.ts";
import type { PartFactory } from "./part.ts";
import { cognito } from "./services/cognito/part.ts";
import { email } from "./services/email/part.ts";
import { eksPart } from "./services/eks.ts";
import { eventsPart } from "./services/events.ts";
import { kubernetesPart } from "./services/kubernetes/part.ts";
import { schedulerPart } from "./services/scheduler.ts";
import { logsPart } from "./services/logs/part.ts";
import { kms } from "./services/kms.ts";
import { secretsManager } from "./services/secrets/part.ts";
import { statesPart } from "./services/states/part.ts";

/**
 * The parts of the embedded cloud, in the order in which a deployment is applied to them: what others refer to comes
 * first. The Lambda host stands between the two lists, the API behind both; they stop in the reverse order.
 */
export const foundations: readonly PartFactory[] = [
  dynamodb,
  kinesis,
  storage,
  secretsManager,
  postgres,
  kms,
  cognito,
  email,
  kubernetesPart,
  eksPart,
];

/** Parts that start functions. */
export const orchestration: readonly PartFactory[] = [statesPart, eventsPart, schedulerPart, logsPart];
