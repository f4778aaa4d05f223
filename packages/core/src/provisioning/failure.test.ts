import { expect, test } from "vitest";
import { newOnboarding } from "../operation/begin.ts";
import type { OnboardingStep, Operation, Step } from "../operation/operation.ts";
import { failureOf, stepMessage } from "./failure.ts";
import { ids } from "./testing.ts";

const at = "2026-11-20T13:45:12.123Z";

const operationWith = (changes: Partial<Record<OnboardingStep, Partial<Step>>>): Operation => {
  const operation = newOnboarding(ids.operation, ids.tenant, at);
  return { ...operation, steps: operation.steps.map((step) => ({ ...step, ...changes[step.name] })) };
};

const failed = (code: string, ended_at = at): Partial<Step> => ({
  status: "failed",
  ended_at,
  error: { code, message: "m" },
});
const causeOf = (errorMessage: string) => JSON.stringify({ errorType: "E", errorMessage, trace: [] });

test.for([
  {
    guarantee: "the step that threw is named by its error, even if another failed beside it",
    operation: operationWith({ ProvisionDatabase: failed("Throttling"), ProvisionStorage: failed("NoSuchBucket") }),
    failure: { Error: "NoSuchBucket", Cause: causeOf(stepMessage("ProvisionStorage", "gone")) },
    expected: { step: "ProvisionStorage", error: { code: "NoSuchBucket", message: "m" } },
  },
  {
    guarantee: "an error that could not be recorded is taken from the cause",
    operation: operationWith({}),
    failure: { Error: "TransientError", Cause: causeOf(stepMessage("ValidateTenant", "The table is gone.")) },
    expected: { step: "ValidateTenant", error: { code: "TransientError", message: "The table is gone." } },
  },
  {
    guarantee: "a timeout is the step's that was running",
    operation: operationWith({ ProvisionDatabase: failed("Throttling"), ProvisionIdentity: { status: "running" } }),
    failure: { Error: "States.Timeout", Cause: "" },
    expected: {
      step: "ProvisionIdentity",
      error: { code: "States.Timeout", message: "The task timed out or died before it could say why." },
    },
  },
  {
    guarantee: "a message that only resembles a step names none",
    operation: operationWith({}),
    failure: { Error: "Lambda.Unknown", Cause: "ValidateTenantX: no" },
    expected: { step: null, error: { code: "Lambda.Unknown", message: "ValidateTenantX: no" } },
  },
  {
    guarantee: "with nothing running it is the step that failed last",
    operation: operationWith({
      ProvisionDatabase: failed("Late", "2026-11-20T13:45:13.000Z"),
      ProvisionStorage: failed("Early"),
    }),
    failure: { Error: "States.Runtime", Cause: "null" },
    expected: { step: "ProvisionDatabase", error: { code: "Late", message: "m" } },
  },
  {
    guarantee: "without any clue it still says something",
    operation: operationWith({}),
    failure: undefined,
    expected: {
      step: null,
      error: { code: "Unknown", message: "The task timed out or died before it could say why." },
    },
  },
])("$guarantee", ({ operation, failure, expected }) => {
  expect(failureOf(operation, failure)).toEqual(expected);
});
