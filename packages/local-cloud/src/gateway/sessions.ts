import { randomBytes } from "node:crypto";
import type { Credentials } from "../part.ts";
import type { Caller } from "./service.ts";

/** What is known about one access key. */
export type Session = {
  readonly secret: string;
  /** Required beside the key; absent for the operator's own keys. */
  readonly token?: string;
  /** Milliseconds since the epoch; absent: as long as the cloud runs. */
  readonly expires?: number;
  readonly caller: Caller;
};

export type IssueOptions = {
  readonly role: string;
  readonly session: string;
  readonly seconds?: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly policy?: string;
};

/** The access keys that the gateway knows. Kept in memory only: a restart ends every session. */
export type Sessions = {
  find(accessKeyId: string): Session | undefined;
  issue(options: IssueOptions): Credentials & { readonly expires?: number; readonly caller: Caller };
};

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** 16 characters as AWS ends an access key id, 80 random bits. */
const keySuffix = (): string => Array.from(randomBytes(16), (byte) => base32[byte % 32]).join("");

/** @param account the one account; the operator's keys are `test` / `test`. */
export const createSessions = (account: string, now: () => number = Date.now): Sessions => {
  const sessions = new Map<string, Session>();
  sessions.set("test", {
    secret: "test",
    caller: { account, accessKeyId: "test", arn: `arn:aws:iam::${account}:root`, sessionTags: {} },
  });
  const prune = (): void => {
    for (const [key, { expires }] of sessions) {
      // An hour longer than it lives, so that late users hear "expired" and not "unknown".
      if (expires !== undefined && expires + 3_600_000 < now()) sessions.delete(key);
    }
  };
  return {
    find: (accessKeyId) => sessions.get(accessKeyId),
    issue({ role, session, seconds, tags = {}, policy }) {
      prune();
      const accessKeyId = `ASIA${keySuffix()}`;
      const secretAccessKey = randomBytes(30).toString("base64");
      const sessionToken = randomBytes(96).toString("base64");
      const caller: Caller = {
        account,
        accessKeyId,
        arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
        role,
        sessionTags: tags,
        ...(policy === undefined ? {} : { sessionPolicy: policy }),
      };
      const expiry = seconds === undefined ? {} : { expires: now() + seconds * 1000 };
      sessions.set(accessKeyId, { secret: secretAccessKey, token: sessionToken, ...expiry, caller });
      return { accessKeyId, secretAccessKey, sessionToken, ...expiry, caller };
    },
  };
};
