/** Steps of a rotation, in order, as Secrets Manager names them. */
export const rotationSteps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** The versions of secrets whose values are a `T`. Labels are Secrets Manager's: AWSCURRENT, AWSPENDING, AWSPREVIOUS. */
export interface SecretVersions<T> {
  /** The labels of each version, by version id. */
  labels(secretId: string): Promise<Readonly<Record<string, readonly string[]>>>;
  /** The value of a version; null when it has none yet. */
  value(secretId: string, versionId: string): Promise<T | null>;
  /** Gives a pending version its value. */
  put(secretId: string, versionId: string, value: T): Promise<void>;
  /** Moves AWSCURRENT from one version to the other. */
  makeCurrent(secretId: string, versionId: string, instead: string): Promise<void>;
}

/** The logins that secrets are about. Each has two, of which one is current while the other is changed. */
export interface RotatedLogins<T> {
  /** The other login, with a password of its own. */
  next(current: T): T;
  sameLogin(one: T, other: T): boolean;
  /** Makes the login or changes its password. Idempotent. */
  set(login: T): Promise<void>;
  /** @throws Error unless the login gets in and sees what it should. */
  test(login: T): Promise<void>;
}
