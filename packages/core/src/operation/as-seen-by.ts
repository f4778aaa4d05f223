import { platformOrg } from "../access/policy.ts";
import type { Operation, StepError } from "./operation.ts";

/** What a tenant's own users are told of a failure, whatever it was. */
export const discreetError: StepError = {
  code: "StepFailed",
  message: "The platform could not do this step. Whoever runs the platform can see why: quote the operation's id.",
};

const discreet = <T extends { readonly error: StepError | null }>(step: T): T =>
  step.error === null ? step : { ...step, error: { ...step.error, ...discreetError } };

/** An operation as members of an organisation may see it: how a step failed is about the inside of the platform. */
export const asSeenBy = (orgId: string, operation: Operation): Operation =>
  orgId === platformOrg
    ? operation
    : {
        ...discreet(operation),
        steps: operation.steps.map(discreet),
        compensation: operation.compensation.map(discreet),
      };
