import { expect, test } from "vitest";
import { defineBranch, defineWorkflow } from "./define.ts";

const task = { type: "task", timeoutSeconds: 5, retry: [] } as const;
const whole = { comment: "", timeoutSeconds: 60 };

// These hold at compile time: were one of the slips accepted, `tsc` would report an unused expectation.
test("a misspelt name does not compile", () => {
  const fine = defineWorkflow({
    ...whole,
    startAt: "ValidateTenant",
    states: { ValidateTenant: { ...task, next: "NotifyOwner" }, NotifyOwner: { ...task, end: true } },
  });
  expect(Object.keys(fine.states)).toEqual(["ValidateTenant", "NotifyOwner"]);

  // @ts-expect-error startAt names no state
  defineWorkflow({ ...whole, startAt: "ValidateTenat", states: { ValidateTenant: { ...task, end: true } } });
  // @ts-expect-error next names no state
  defineBranch({ startAt: "NotifyOwner", states: { NotifyOwner: { ...task, next: "Nowhere" } } });
  // @ts-expect-error onFailure names no state
  defineBranch({ startAt: "NotifyOwner", states: { NotifyOwner: { ...task, end: true, onFailure: "Nowhere" } } });
  // @ts-expect-error there is no such task
  defineBranch({ startAt: "MakeCoffee", states: { MakeCoffee: { ...task, end: true } } });
  // @ts-expect-error a state leads on or ends
  defineBranch({ startAt: "NotifyOwner", states: { NotifyOwner: task } });
});
