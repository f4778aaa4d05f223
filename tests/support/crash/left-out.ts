import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { createHarness, queueOf } from "./run.ts";

/** A release that looks whether it is gone does not say so, and tries until it gives up. */
const looks = "the operation is compensation_failed";

/** A call of each release without which something stays, and what tells of it. */
export const leftOut = [
  ["ReleaseNamespace", "kubernetes", "DELETE namespaces", looks],
  ["ReleaseNamespace", "eks", "DeletePodIdentityAssociation", "pod identity of tenant-workload"],
  ["ReleaseIdentity", "cognito-idp", "AdminDeleteUser", "user <owner> of the shared pool"],
  ["ReleaseIdentity", "dynamodb", "DeleteItem", "membership tenant-owner"],
  ["ReleaseStorage", "s3", "DeleteObjects", looks],
  ["ReleaseDatabase", "secretsmanager", "DeleteSecret", "secret tenantry/"],
] as const;

/** An onboarding that fails at its end, taken back by a release that leaves out a call. */
export const withoutCall = async (
  ready: Ready,
  [step, service, action]: (typeof leftOut)[number],
): Promise<Outcome> => {
  const harness = await createHarness(ready);
  // The first one: after a later one the tenant is active, and there is nothing to take back.
  const end = (await harness.clean("standard")).points.find((point) => point.step === "ActivateTenant");
  if (end === undefined) throw new Error("No call of ActivateTenant was recorded.");
  const rule = { service, action, kind: "ignore", invocation: [`"step":"${step}"`] };
  await ask(ready, "faults", "/_faults", { method: "POST", body: JSON.stringify(rule) });
  return outcomeOf(await harness.run(queueOf([{ tier: "standard", rounds: [[{ point: end, fault: "refused" }]] }])));
};
