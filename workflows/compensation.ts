import { defineBranch } from "./define.ts";
import { step, straggling, waiting, whatever } from "./retries.ts";

/** A release is tried again whatever went wrong: as long as it has not succeeded, something is left over. */
const persistent = { ...whatever, maxAttempts: 5 };
const release = { ...step, retry: [straggling, persistent] } as const;
/** A cluster takes its time to go. */
const longRelease = { ...step, retry: [waiting, persistent] } as const;

/**
 * Takes back what an onboarding made, in reverse. A release that fails for good does not keep the others from being
 * tried: FailOnboarding writes down what remains.
 */
export const compensationStates = {
  ReleaseNamespace: { ...release, next: "ReleasePlanes", onFailure: "ReleasePlanes" },
  ReleasePlanes: {
    type: "parallel",
    branches: [
      defineBranch({
        startAt: "ReleaseIdentity",
        states: {
          ReleaseIdentity: { ...release, end: true, onFailure: "IdentityRemains" },
          IdentityRemains: { type: "succeed" },
        },
      }),
      defineBranch({
        startAt: "ReleaseStorage",
        states: {
          ReleaseStorage: { ...release, end: true, onFailure: "StorageRemains" },
          StorageRemains: { type: "succeed" },
        },
      }),
      defineBranch({
        startAt: "ReleaseDatabase",
        states: {
          ReleaseDatabase: { ...longRelease, end: true, onFailure: "DatabaseRemains" },
          DatabaseRemains: { type: "succeed" },
        },
      }),
    ],
    next: "FailOnboarding",
  },
} as const;

/** Writes down how the compensation ended, once no straggler can change that any more. */
export const failOnboarding = { ...step, retry: [straggling, whatever] } as const;
