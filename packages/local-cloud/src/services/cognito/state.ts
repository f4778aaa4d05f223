import { randomBytes } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";
import type { Collection } from "../../store.ts";
import { openSeal, type Seal } from "../seal.ts";
import { type Mailbox, openMailbox } from "../email/mailbox.ts";
import type { SealedKeys } from "./keys.ts";
import type { Client, Domain, Group, IdentityProvider, Pool, RefreshToken, Session, User } from "./model.ts";

/** Reads the clock in seconds, so that tests can move it. */
export type Clock = () => number;

/** Everything that the actions work on. */
export type Cognito = {
  readonly host: Host;
  readonly mailbox: Mailbox;
  readonly seal: Seal;
  /** Seconds since 1970. */
  readonly now: Clock;
  readonly pools: Collection<Pool>;
  readonly keys: Collection<SealedKeys>;
  readonly clients: Collection<Client>;
  /** By `<pool>/<name>`. */
  readonly providers: Collection<IdentityProvider>;
  /** By their names. */
  readonly domains: Collection<Domain>;
  /** By `<pool>/<username>`. */
  readonly users: Collection<User>;
  /** The username behind `<pool>/<name it signs in with>`. */
  readonly aliases: Collection<string>;
  /** By `<pool>/<name>`. */
  readonly groups: Collection<Group>;
  /** By `<pool>/<sub>/<origin jti>`. */
  readonly sessions: Collection<Session>;
  /** By the token's SHA-256. */
  readonly refreshTokens: Collection<RefreshToken>;
};

export const openCognito = (host: Host, now: Clock): Cognito => ({
  host,
  now,
  mailbox: openMailbox(host.data),
  seal: openSeal(host.seed, "cognito-idp"),
  pools: host.store.collection("cognito-pools"),
  keys: host.store.collection("cognito-keys"),
  clients: host.store.collection("cognito-clients"),
  providers: host.store.collection("cognito-providers"),
  domains: host.store.collection("cognito-domains"),
  users: host.store.collection("cognito-users"),
  aliases: host.store.collection("cognito-aliases"),
  groups: host.store.collection("cognito-groups"),
  sessions: host.store.collection("cognito-sessions"),
  refreshTokens: host.store.collection("cognito-refresh-tokens"),
});

export const notFound = (message: string): AwsError => new AwsError("ResourceNotFoundException", message);
export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);
export const notAuthorized = (message: string): AwsError => new AwsError("NotAuthorizedException", message);

export const needPool = (cognito: Cognito, id: string): Pool => {
  const pool = cognito.pools.get(id);
  if (!pool) throw notFound(`User pool ${id} does not exist.`);
  return pool;
};

/** A client by its id; of this pool, when one is given. */
export const needClient = (cognito: Cognito, id: string, poolId?: string): Client => {
  const client = cognito.clients.get(id);
  if (!client || (poolId !== undefined && client.poolId !== poolId))
    throw notFound(`User pool client ${id} does not exist.`);
  return client;
};

export const needGroup = (cognito: Cognito, poolId: string, name: string): Group => {
  const group = cognito.groups.get(`${poolId}/${name}`);
  if (!group) throw notFound("Group not found.");
  return group;
};

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Random letters and digits, for ids. */
export const randomName = (length: number, letters = LETTERS): string =>
  Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join("");
