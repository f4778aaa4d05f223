import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Operations } from "../ports.ts";
import { memory } from "../testing/memory.ts";
import { memoryOperations } from "../testing/memory-operations.ts";
import { newOnboarding, pendingCompensation } from "./begin.ts";
import type { ProgressStatus } from "./operation.ts";

// Runs of one step that begin and end in any order, as duplicates and stragglers do.

const id = "op_01JD00000000000000000000AA";
const at = "2026-11-20T13:45:12.123Z";
const deadline = "2026-11-20T13:46:00.000Z";
const error = { code: "Boom", message: "It broke." };

type Deed = { readonly run: number; readonly does: "begin" | "succeed" | "fail" | "wait" };
const deeds = fc.array(
  fc.record({
    run: fc.nat({ max: 3 }),
    does: fc.constantFrom<Deed["does"]>("begin", "begin", "succeed", "fail", "wait"),
  }),
  { maxLength: 24 },
);

const open = async (step: "ProvisionStorage" | "ReleaseStorage") => {
  const state = memory();
  const operations: Operations = memoryOperations(state);
  const fresh = newOnboarding(id, "ten_01JD00000000000000000000AA", at);
  state.operations.set(
    id,
    step === "ReleaseStorage" ? { ...fresh, status: "compensating", compensation: pendingCompensation() } : fresh,
  );
  const progress = () => {
    const { steps, compensation } = state.operations.get(id)!;
    return [...steps, ...compensation].find(({ name }) => name === step)!;
  };
  return { operations, progress };
};

test.for(["ProvisionStorage", "ReleaseStorage"] as const)(
  "%s has succeeded from when one of its runs has, and runs while one is at it",
  async (step) => {
    await fc.assert(
      fc.asyncProperty(deeds, async (all) => {
        const { operations, progress } = await open(step);
        const flying = new Set<number>();
        const answers: boolean[] = [];
        let begun = 0;
        let expected: ProgressStatus = "pending";
        for (const { run, does } of all) {
          const flightId = `run-${run}`;
          if (does === "begin" && !flying.has(run)) {
            const answer = await operations.startStep(id, step, at, { id: flightId, execution: id, deadline });
            answers.push(answer === (expected === "succeeded" ? "done" : "begun"));
            if (answer === "done") continue;
            flying.add(run);
            begun += 1;
            expected = "running";
          } else if (does !== "begin" && flying.has(run)) {
            flying.delete(run);
            if (does === "wait") await operations.land(id, step, flightId);
            else await operations.endStep(id, step, at, { error: does === "fail" ? error : null, flightId });
            if (does === "succeed") expected = "succeeded";
            // A run that fails beside others says so until one of them succeeds.
            else if (does === "fail" && expected === "running") expected = "failed";
          }
          const { status, attempts, error: said, ended_at } = progress();
          expect({ status, attempts }).toEqual({ status: expected, attempts: begun });
          expect(said).toEqual(expected === "failed" ? error : null);
          expect(ended_at).toBe(expected === "failed" || expected === "succeeded" ? at : null);
          expect(await operations.inFlight(id, at)).toHaveLength(flying.size);
        }
        expect(answers).not.toContain(false);
      }),
      { numRuns: 300 },
    );
  },
);
