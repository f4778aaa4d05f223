import { randomUUID } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";
import { beginRotation } from "./rotation.ts";
import { nextRotation } from "./rules.ts";
import { addVersion, CURRENT, ownerOf, PENDING, readValue, type Rotation, type Secret } from "./secret.ts";
import { type Secrets, staged } from "./secret.ts";

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

/** How long a rotation that failed waits for the next try, and how often due ones are looked for, in seconds. */
const RETRY = 30;
const SWEEP = 15;

/** The service whose clusters bear master passwords that it manages itself. */
const CLUSTER_TAG = "aws:rds:primaryDBClusterArn";

/** Runs rotations behind the calls, one at a time for each secret. */
export type Rotator = {
  /** @throws AwsError AccessDeniedException unless the function's policy names Secrets Manager. */
  mayInvoke(lambda: string): void;
  /** Which functions Secrets Manager may invoke, by ARN. */
  allow(lambdas: ReadonlySet<string>): void;
  /** Goes on with the rotation that the secret has pending. */
  wake(name: string): void;
  /** Tries the function on a copy of the current value, as AWS does with a rotation that is not to begin at once. */
  test(name: string): void;
  /** Has the owning service rotate its secret. */
  manage(name: string): void;
  /** Begins to look for what is due, and at once. */
  start(): void;
  close(): Promise<void>;
};

export const createRotator = (secrets: Secrets, host: Pick<Host, "invoke" | "call" | "log">): Rotator => {
  let allowed: ReadonlySet<string> = new Set();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  /** Secrets that are being rotated or tested now. */
  const busy = new Map<string, Promise<void>>();

  const once = (name: string, run: () => Promise<void>): void => {
    const next = (busy.get(name) ?? Promise.resolve())
      .then(() => (closed ? undefined : run()))
      .catch((error: unknown) => host.log(`secretsmanager: ${name}: ${String(error)}`))
      .finally(() => {
        if (busy.get(name) === next) busy.delete(name);
      });
    busy.set(name, next);
  };

  const step = async (lambda: string, secret: Secret, version: string, Step: string): Promise<void> => {
    const payload = { SecretId: secret.arn, ClientRequestToken: version, Step, RotationToken: randomUUID() };
    const { error } = await host.invoke(lambda, payload);
    if (error) throw new Error(`${Step} failed: ${error.errorType}: ${error.errorMessage}`);
  };

  /** The secret as it is now, while it still has this version pending. */
  const current = (name: string, version: string): Secret | undefined => {
    const secret = secrets.find(name);
    return secret?.rotation?.pending?.version === version && secret.deletedAt === undefined ? secret : undefined;
  };
  const change = (name: string, version: string, rotation: (before: Rotation) => Rotation): void => {
    const secret = current(name, version);
    if (secret) secrets.put({ ...secret, rotation: rotation(secret.rotation!) });
  };

  const rotate = async (name: string): Promise<void> => {
    const found = secrets.find(name);
    const { lambda, pending } = found?.rotation ?? {};
    if (!found || lambda === undefined || pending === undefined) return;
    const { version } = pending;
    try {
      for (const each of STEPS) {
        const secret = current(name, version);
        if (!secret || closed) return;
        await step(lambda, secret, version, each);
      }
      const done = current(name, version);
      if (done && staged(done, CURRENT) !== version) throw new Error("The function did not finish the rotation.");
      change(name, version, (unfinished) => {
        const { pending: _, ...before } = unfinished;
        const rotatedAt = secrets.now();
        const nextAt = nextRotation(before.rules, rotatedAt);
        return { ...before, rotatedAt, ...(nextAt === undefined ? {} : { nextAt }) };
      });
    } catch (error) {
      const retryAt = secrets.now() + RETRY;
      change(name, version, (before) => ({ ...before, pending: { version, retryAt } }));
      throw error;
    }
  };

  const test = async (name: string): Promise<void> => {
    const secret = secrets.find(name);
    const id = secret && staged(secret, CURRENT);
    const lambda = secret?.rotation?.lambda;
    if (!secret || lambda === undefined || id === undefined || secret.rotation?.pending !== undefined) return;
    const version = randomUUID();
    secrets.put(addVersion(secrets, secret, { id: version, value: readValue(secrets, secret, id), stages: [PENDING] }));
    try {
      await step(lambda, secret, version, "testSecret");
    } finally {
      const after = secrets.find(name);
      if (after) {
        const { [version]: _, ...versions } = after.versions;
        secrets.put({ ...after, versions });
      }
    }
  };

  const manage = async (name: string): Promise<void> => {
    const DBClusterIdentifier = secrets.find(name)?.tags[CLUSTER_TAG]?.split(":").at(-1);
    if (DBClusterIdentifier === undefined) return;
    await host.call("rds", "ModifyDBCluster", {
      DBClusterIdentifier,
      RotateMasterUserPassword: true,
      ApplyImmediately: true,
    });
    const secret = secrets.find(name);
    if (!secret?.rotation) return;
    const rotatedAt = secrets.now();
    const nextAt = nextRotation(secret.rotation.rules, rotatedAt);
    secrets.put({
      ...secret,
      rotation: { ...secret.rotation, rotatedAt, ...(nextAt === undefined ? {} : { nextAt }) },
    });
  };

  const sweep = (): void => {
    const now = secrets.now();
    for (const secret of secrets.all()) {
      const { rotation, name } = secret;
      if (rotation === undefined || secret.deletedAt !== undefined) continue;
      const due = rotation.enabled && (rotation.nextAt ?? Infinity) <= now;
      if (rotation.pending !== undefined) {
        if (rotation.pending.retryAt <= now && !busy.has(name)) once(name, () => rotate(name));
      } else if (due && ownerOf(secret) === undefined) {
        secrets.put(beginRotation(secrets, secret, randomUUID()));
        once(name, () => rotate(name));
      } else if (due && !busy.has(name)) once(name, () => manage(name));
    }
  };

  return {
    mayInvoke(lambda) {
      if (allowed.has(lambda)) return;
      throw new AwsError(
        "AccessDeniedException",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
      );
    },
    allow: (lambdas) => void (allowed = lambdas),
    wake: (name) => once(name, () => rotate(name)),
    test: (name) => once(name, () => test(name)),
    manage: (name) => once(name, () => manage(name)),
    start() {
      clearInterval(timer);
      sweep();
      timer = setInterval(sweep, SWEEP * 1000).unref();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.allSettled(busy.values());
    },
  };
};
