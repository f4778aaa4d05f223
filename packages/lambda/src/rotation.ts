import { rotationSteps } from "@tenantry/core/rotation/ports";
import type { RotationRun } from "@tenantry/core/rotation/rotate-secret";
import { z } from "zod";
import { errorFields, log } from "./log.ts";

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
const RotationEvent = z.object({
  SecretId: z.string(),
  ClientRequestToken: z.string(),
  Step: z.enum(rotationSteps),
});

/** A Lambda handler that Secrets Manager calls for each step of a rotation, and again for one that threw. */
export const rotation =
  (rotate: (run: RotationRun) => Promise<void>) =>
  async (event: unknown): Promise<void> => {
    const { SecretId: secretId, ClientRequestToken: versionId, Step: step } = RotationEvent.parse(event);
    const fields = { operation: "rotate-secret", secret: secretId, version: versionId, step };
    try {
      await rotate({ secretId, versionId, step });
      log("info", "rotation step succeeded", fields);
    } catch (error) {
      log("error", "rotation step failed", { ...fields, ...errorFields(error) });
      throw error;
    }
  };
