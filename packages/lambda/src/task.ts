import middy, { type MiddlewareObj } from "@middy/core";
import { TaskInput, type TaskName } from "@tenantry/contract/tasks";
import { compensationSteps, onboardingSteps, type StepName } from "@tenantry/core/operation/operation";
import type { Clock, Operations, PlaneRecord } from "@tenantry/core/ports";
import { NotReadyYet } from "@tenantry/core/provisioning/errors";
import type { TaskRun, TaskVerb } from "@tenantry/core/provisioning/ports";
import type { Context } from "aws-lambda";
import { stepErrorOf, taskError } from "./failure.ts";
import { errorFields, log } from "./log.ts";

/** What the edge itself needs, whatever the task does. */
export type TaskPorts = {
  readonly operations: Pick<Operations, "startStep" | "endStep" | "land" | "inFlight">;
  readonly clock: Clock;
};

type Internal = { run?: TaskRun; began?: "begun" | "done"; attempt?: number; since?: number };
type Middleware = MiddlewareObj<unknown, PlaneRecord | void, Error, Context, Internal>;

/**
 * Makes a verb a Lambda handler that a state machine calls. Around the verb it parses the payload, writes the step's
 * progress to the operation and one line to the log. What it throws bears the name that decides on a retry
 * (`TransientError`, or the error's own) and a message of the step and the reason.
 */
export const task = (name: TaskName, ports: TaskPorts, verb: TaskVerb) =>
  middy<unknown, PlaneRecord | void, Error, Context, Internal>()
    .use([logging(name), parsing(name), ...(isStep(name) ? [progress(name, ports)] : [])])
    .handler((run) => (run === nothingToDo ? undefined : verb(run as TaskRun)));

/** In the place of the run of a step that has succeeded before: its reply got lost, or somebody called it twice. */
const nothingToDo = Symbol("nothing to do");

/** Replaces the payload by the run it describes. */
const parsing = (name: TaskName): Middleware => ({
  before: (request) => {
    const parsed = TaskInput.safeParse(request.event);
    if (!parsed.success) throw invalidInput(parsed.error.message);
    const { operation_id, tenant_id, step, attempt, execution, failure } = parsed.data;
    if (step !== name) throw invalidInput(`The payload is for ${step}.`);
    const requestId = request.context.awsRequestId;
    const run = { operationId: operation_id, tenantId: tenant_id, requestId, execution, failure };
    request.event = run;
    request.internal.run = run;
    request.internal.attempt = attempt;
  },
});

const invalidInput = (reason: string): Error => {
  const error = new Error(reason);
  error.name = "InvalidTaskInput";
  return error;
};

const isBack = (name: TaskName): boolean => (compensationSteps as readonly string[]).includes(name);
const isStep = (name: TaskName): name is StepName =>
  (onboardingSteps as readonly string[]).includes(name) || isBack(name);

/** Writes the step's attempts, times and outcome to the operation. */
const progress = (name: StepName, { operations, clock }: TaskPorts): Middleware => {
  const now = () => clock().toISOString();
  return {
    before: async (request) => {
      const { internal, context } = request;
      const { operationId, requestId, execution } = internal.run!;
      if (isBack(name)) await awaitStragglers(operations, operationId, now());
      // Lambda ends the function at the deadline, whatever becomes of the execution that called it.
      const deadline = new Date(clock().getTime() + context.getRemainingTimeInMillis()).toISOString();
      const flight = execution === undefined ? undefined : { id: requestId, execution, deadline };
      internal.began = await operations.startStep(operationId, name, now(), flight);
      if (internal.began === "done") request.event = nothingToDo;
    },
    after: async (request) => {
      if (request.internal.began === "done") return;
      const { operationId, tenantId, requestId } = request.internal.run!;
      const record = request.response ? { ...request.response, tenantId } : undefined;
      // The state machine has no use for it, and its history is no place for it.
      request.response = undefined;
      const end = { error: null, flightId: requestId, ...(record && { record }) };
      await operations.endStep(operationId, name, now(), end);
    },
    onError: async ({ internal: { run, began }, error }) => {
      // What was not allowed to begin may not end what another attempt does.
      if (run === undefined || began !== "begun") return;
      // What is not ready yet has not failed: the step goes on with the state machine's next call.
      if (error instanceof NotReadyYet) {
        await operations.land(run.operationId, name, run.requestId).catch(() => undefined);
        return;
      }
      // If even this cannot be written, the reason still goes out with the error and FailOnboarding writes it.
      const end = { error: stepErrorOf(error), flightId: run.requestId };
      await operations.endStep(run.operationId, name, now(), end).catch(() => undefined);
    },
  };
};

/**
 * A step of the onboarding may still be at work although its execution has given it up: beside a branch that failed,
 * after a time-out, after a cancellation. What it makes after the release would be left over, so the release waits.
 *
 * @throws NotReadyYet
 */
const awaitStragglers = async (operations: TaskPorts["operations"], id: string, at: string): Promise<void> => {
  const straggler = (await operations.inFlight(id, at)).find((step) => !isBack(step));
  if (straggler !== undefined) throw new NotReadyYet(`An attempt of ${straggler} may still be at work.`);
};

/** The outermost: logs the outcome and gives the error the shape that Step Functions decides by. */
const logging = (name: TaskName): Middleware => {
  const fields = (context: Context, { run, attempt, since = performance.now() }: Internal) => ({
    request_id: context.awsRequestId,
    tenant_id: run?.tenantId,
    operation: run?.operationId,
    step: name,
    attempt,
    duration_ms: Math.round(performance.now() - since),
  });
  return {
    before: ({ internal }) => {
      internal.since = performance.now();
    },
    after: ({ context, internal }) =>
      log("info", internal.began === "done" ? "step succeeded before" : "step succeeded", fields(context, internal)),
    onError: (request) => {
      const seen = taskError(name, request.error);
      const retryable = seen.name === "TransientError";
      const waits = request.error instanceof NotReadyYet;
      const [level, outcome] = waits ? (["info", "step waits"] as const) : (["error", "step failed"] as const);
      log(retryable ? "warn" : level, outcome, {
        ...fields(request.context, request.internal),
        retryable,
        ...errorFields(request.error),
      });
      request.error = seen;
    },
  };
};
