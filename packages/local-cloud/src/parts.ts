import type { PartFactory } from "./part.ts";
import { cognito } from "./services/cognito/part.ts";
import { email } from "./services/email/part.ts";
import { secretsManager } from "./services/secrets/part.ts";

/** The parts of the embedded cloud, in the order in which they are applied: what a part needs stands before it. */
export const parts: readonly PartFactory[] = [secretsManager, email, cognito];
