import { randomUUID } from "node:crypto";
import { AwsError, notImplemented } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalText, text, texts } from "../input.ts";
import { attributeList, isEmail, mergeAttributes, readAttributes } from "./attributes.ts";
import { sendInvitation } from "./invitations.ts";
import type { Pool, User } from "./model.ts";
import { hashPassword, policyOf, requirePolicy, temporaryPassword } from "./passwords.ts";
import { signOut } from "./sessions.ts";
import { type Cognito, invalidParameter, needPool } from "./state.ts";
import { describeUser, insertUser, namedByAttribute, needUser, removeUser, updateUser } from "./users.ts";

const DAY = 86_400;

const target = (cognito: Cognito, input: Input): { pool: Pool; user: User } => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  return { pool, user: needUser(cognito, pool, text(input, "Username")) };
};

/** The password a user starts with: it must be changed at the first sign-in, and ends after the policy's days. */
const startingPassword = async (
  cognito: Cognito,
  pool: Pool,
  password: string,
): Promise<Pick<User, "passwordHash" | "passwordEndsAt" | "status">> => ({
  passwordHash: await hashPassword(password),
  passwordEndsAt: cognito.now() + (policyOf(pool.settings).TemporaryPasswordValidityDays ?? 7) * DAY,
  status: "FORCE_CHANGE_PASSWORD",
});

export type NewUser = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Chosen by Cognito when absent. */
  readonly password?: string;
  readonly sub?: string;
  readonly mediums: readonly string[];
  readonly suppress: boolean;
};

/** SMS is Cognito's default and there is none here; who has no phone is invited by mail. */
const invitesByMail = (fresh: NewUser): boolean =>
  !fresh.suppress && (fresh.mediums.includes("EMAIL") || fresh.attributes["phone_number"] === undefined);

/** Creates a user with a temporary password and sends the invitation. */
export const createUser = async (cognito: Cognito, pool: Pool, fresh: NewUser): Promise<User> => {
  const sub = fresh.sub ?? randomUUID();
  const byAttribute = namedByAttribute(pool);
  if (byAttribute && !isEmail(fresh.name) && !fresh.name.startsWith("+"))
    throw invalidParameter("Username should be an email.");
  if (!/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u.test(fresh.name))
    throw invalidParameter("1 validation error detected: Value at 'username' failed to satisfy constraint.");
  if (fresh.password !== undefined) requirePolicy(pool.settings, fresh.password);
  const password = fresh.password ?? temporaryPassword(pool.settings);
  const named = byAttribute ? { [isEmail(fresh.name) ? "email" : "phone_number"]: fresh.name } : {};
  const starting = await startingPassword(cognito, pool, password);
  const user: User = {
    username: byAttribute ? sub : fresh.name,
    poolId: pool.id,
    attributes: { ...mergeAttributes({}, { ...fresh.attributes, ...named }), sub },
    enabled: true,
    ...starting,
    groups: [],
    createdAt: cognito.now(),
    changedAt: cognito.now(),
  };
  insertUser(cognito, pool, user);
  if (invitesByMail(fresh)) await sendInvitation(cognito, pool, user, password);
  return user;
};

/** Invites a user again, with a new temporary password. */
const resend = async (cognito: Cognito, pool: Pool, name: string, password: string | undefined): Promise<User> => {
  const { username, status } = needUser(cognito, pool, name);
  if (status !== "FORCE_CHANGE_PASSWORD")
    throw new AwsError(
      "UnsupportedUserStateException",
      `Resend not possible. ${name} status is not FORCE_CHANGE_PASSWORD`,
    );
  if (password !== undefined) requirePolicy(pool.settings, password);
  const chosen = password ?? temporaryPassword(pool.settings);
  const starting = await startingPassword(cognito, pool, chosen);
  const user = updateUser(cognito, pool, username, () => starting);
  await sendInvitation(cognito, pool, user, chosen);
  return user;
};

const adminCreateUser = async (cognito: Cognito, input: Input): Promise<unknown> => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  const name = text(input, "Username");
  const action = optionalText(input, "MessageAction");
  const password = optionalText(input, "TemporaryPassword");
  const user =
    action === "RESEND"
      ? await resend(cognito, pool, name, password)
      : await createUser(cognito, pool, {
          name,
          attributes: readAttributes(pool, input),
          ...(password === undefined ? {} : { password }),
          mediums: texts(input, "DesiredDeliveryMediums"),
          suppress: action === "SUPPRESS",
        });
  return { User: describeUser(user, attributeList(user)) };
};

/** Sets a password: one for good, or one that must be changed. */
export const setPassword = async (
  cognito: Cognito,
  pool: Pool,
  username: string,
  password: string,
  permanent: boolean,
): Promise<User> => {
  requirePolicy(pool.settings, password);
  const starting = await startingPassword(cognito, pool, password);
  return updateUser(cognito, pool, username, () =>
    permanent ? { passwordHash: starting.passwordHash, status: "CONFIRMED" } : starting,
  );
};

/** The administrator's actions on users. */
export const adminUserActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  AdminCreateUser: (input: Input) => adminCreateUser(cognito, input),
  AdminGetUser(input: Input) {
    const { user } = target(cognito, input);
    return { ...describeUser(user, undefined), UserAttributes: attributeList(user) };
  },
  AdminDeleteUser(input: Input) {
    const { pool, user } = target(cognito, input);
    removeUser(cognito, pool, user);
  },
  async AdminSetUserPassword(input: Input) {
    const { pool, user } = target(cognito, input);
    if (user.identity !== undefined) throw notImplemented("cognito-idp", "AdminSetUserPassword of a federated user");
    await setPassword(cognito, pool, user.username, text(input, "Password"), input["Permanent"] === true);
  },
  AdminUpdateUserAttributes(input: Input) {
    const { pool, user } = target(cognito, input);
    const changes = readAttributes(pool, input);
    updateUser(cognito, pool, user.username, ({ attributes }) => ({
      attributes: mergeAttributes(attributes, changes),
    }));
  },
  AdminEnableUser(input: Input) {
    const { pool, user } = target(cognito, input);
    updateUser(cognito, pool, user.username, () => ({ enabled: true }));
  },
  AdminDisableUser(input: Input) {
    const { pool, user } = target(cognito, input);
    signOut(
      cognito,
      updateUser(cognito, pool, user.username, () => ({ enabled: false })),
    );
  },
  AdminUserGlobalSignOut(input: Input) {
    signOut(cognito, target(cognito, input).user);
  },
});
