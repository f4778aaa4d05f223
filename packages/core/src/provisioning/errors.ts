/** The names under which onboarding fails for good. They are error names to Step Functions and codes in the operation. */
export const provisioningErrors = [
  "TenantNotFound",
  "TenantNotProvisioning",
  "TierUnknown",
  "SlugUnlawful",
  "PlaneMissing",
  "NameTaken",
  "PoolUnsafe",
  "ClusterBroken",
  "TenantNotReleasable",
  "OperationMovedOn",
  "ReleaseMissing",
  "ManifestInvalid",
  "RepositoryRefused",
] as const;
export type ProvisioningErrorName = (typeof provisioningErrors)[number];

/** A failure that another try cannot mend. The message is written for a platform admin. */
export class ProvisioningError extends Error {
  override readonly name: ProvisioningErrorName;
  constructor(name: ProvisioningErrorName, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = name;
  }
}

/** A failure that may pass by itself: the state machine retries this name and no other of ours. */
export class TransientError extends Error {
  override readonly name = "TransientError";
}

/**
 * No failure: something is being made or taken away and takes its time. The state machine asks again by this name, at
 * its own pace and for much longer than it retries.
 */
export class NotReadyYet extends Error {
  override readonly name = "NotReadyYet";
}
