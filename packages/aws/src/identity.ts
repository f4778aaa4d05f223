import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  type AttributeType,
  CognitoIdentityProviderClient,
  paginateListUsers,
  UsernameExistsException,
  UserNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";
import { TransientError } from "@tenantry/core/provisioning/errors";
import { planeNames } from "@tenantry/core/provisioning/names";
import type { Users } from "@tenantry/core/provisioning/ports";
import type { Directory } from "@tenantry/core/user/ports";
import { tiers } from "@tenantry/core/tenant/tier";
import { appClients } from "./identity-clients.ts";
import { providerPrefix, providersOf, removeProvider, removeProviderGroup } from "./identity-providers.ts";
import { userPools } from "./identity-pools.ts";

export type SharedIdentity = {
  readonly userPoolId: string;
  /** What tenants' own clients are made after. */
  readonly clientId: string;
  /** How the names of tenants' own pools begin: `<app>-<stage>-`. */
  readonly poolName: string;
};

/** Which tenant's onboarding invited a user. Set with the user's creation and never changed: who lacks it was here before. */
export const invitedFor = "custom:invited_for";

/**
 * Users of Cognito pools whose user names are e-mail addresses. One person may own several tenants, so an existing user
 * of the shared pool is taken as they are; Cognito sends an invitation to a new one only.
 */
export const cognitoUsers = (shared: SharedIdentity, client = new CognitoIdentityProviderClient({})): Users => {
  const clients = appClients(client, shared);
  const pools = userPools(client, shared);
  const { userPoolId } = shared;

  return {
    async ensure({ tenantId, slug, isolation, email }) {
      const name = planeNames(slug).namespace;
      if (isolation === "silo") {
        const pool = await pools.ensure({ tenantId, name });
        const id = (await find(client, pool, email))?.id ?? (await invite(client, pool, email, null));
        const client_id = await clients.ensure(pool, name);
        return { user_pool_id: pool, client_id, owner_user_id: id, owner_email: email };
      }
      const id = (await find(client, userPoolId, email))?.id ?? (await invite(client, userPoolId, email, tenantId));
      const made = { user_pool_id: userPoolId, owner_user_id: id, owner_email: email };
      return isolation === "bridge" ? { ...made, client_id: await clients.ensure(userPoolId, name) } : made;
    },

    async confirm({ user_pool_id, owner_user_id, owner_email }) {
      const user = await find(client, user_pool_id, owner_email);
      if (user?.id !== owner_user_id || !user.enabled)
        throw new TransientError("The owner's user is being taken away or is disabled.");
    },

    async release({ id, slug, tier, owner }, { leaving, closing }) {
      const name = planeNames(slug).namespace;
      for (const own of await clients.find(userPoolId, name)) {
        await closing({ user_pool_id: userPoolId, client_id: own });
        await clients.remove(userPoolId, own);
      }
      await releaseSso(client, userPoolId, id, leaving);
      for (const pool of await pools.find({ tenantId: id, name })) {
        for (const own of await clients.all(pool)) await closing({ user_pool_id: pool, client_id: own });
        for await (const user of pools.users(pool)) await leaving(user);
        await pools.remove(pool);
      }
      if (tiers[tier].identity !== "silo") await releaseOwner(client, userPoolId, owner.email, leaving);
    },
  };
};

/** The pools of tenants' users. Whom an invitation makes in the shared pool belongs to the tenant that invited. */
export const cognitoDirectory = (sharedPoolId: string, client = new CognitoIdentityProviderClient({})): Directory => ({
  async ensure(tenantId, { user_pool_id: pool }, email) {
    const found = await find(client, pool, email);
    return found?.id ?? invite(client, pool, email, pool === sharedPoolId ? tenantId : null);
  },
});

/** The tenant's identity providers in the shared pool, with the users who came from them: they can be nobody else's. */
const releaseSso = async (
  client: CognitoIdentityProviderClient,
  pool: string,
  tenantId: string,
  leaving: (userId: string) => Promise<unknown>,
): Promise<void> => {
  for (const name of await providersOf(client, pool, tenantId)) await removeProvider(client, pool, name);
  const names = new Set<string>();
  const Filter = `username ^= "${providerPrefix(tenantId)}"`;
  // Listed whole before any goes: pages would shift under the list.
  const users: { name: string; sub: string }[] = [];
  for await (const page of paginateListUsers({ client, pageSize: 60 }, { UserPoolId: pool, Filter }))
    for (const { Username = "", Attributes } of page.Users ?? [])
      users.push({ name: Username, sub: subOf(Attributes) });
  for (const { name, sub } of users) {
    await leaving(sub);
    await client
      .send(new AdminDeleteUserCommand({ UserPoolId: pool, Username: name }))
      .catch(unless(UserNotFoundException));
    names.add(name.split("_")[0] ?? "");
  }
  for (const name of names) await removeProviderGroup(client, pool, name);
};

/**
 * A user is disabled before they are deleted, and asked about once more in between: another tenant's onboarding adds its
 * membership first and looks at the user then, so that at least one of the two sees the other.
 */
const releaseOwner = async (
  client: CognitoIdentityProviderClient,
  pool: string,
  email: string,
  leaving: (userId: string) => Promise<"free" | "held">,
): Promise<void> => {
  const user = await find(client, pool, email);
  if (user === null) return;
  const wanted = { UserPoolId: pool, Username: email };
  const free = (await leaving(user.id)) === "free";
  if (!user.invited) return;
  const gone = unless(UserNotFoundException);
  if (free) await client.send(new AdminDisableUserCommand(wanted)).catch(gone);
  if (free && (await leaving(user.id)) === "free") await client.send(new AdminDeleteUserCommand(wanted)).catch(gone);
  else if (free || !user.enabled) await client.send(new AdminEnableUserCommand(wanted)).catch(gone);
};

const unless =
  (known: typeof UserNotFoundException) =>
  (error: unknown): void => {
    if (!(error instanceof known)) throw error;
  };

type Found = { readonly id: string; readonly enabled: boolean; readonly invited: boolean };

const find = async (client: CognitoIdentityProviderClient, pool: string, email: string): Promise<Found | null> => {
  try {
    const user = await client.send(new AdminGetUserCommand({ UserPoolId: pool, Username: email }));
    const invited = user.UserAttributes?.some(({ Name }) => Name === invitedFor) ?? false;
    return { id: subOf(user.UserAttributes), enabled: user.Enabled !== false, invited };
  } catch (error) {
    if (error instanceof UserNotFoundException) return null;
    throw error;
  }
};

/** @param tenantId whose onboarding it is; null in a pool of the tenant's own, which goes with all its users. */
const invite = async (
  client: CognitoIdentityProviderClient,
  pool: string,
  email: string,
  tenantId: string | null,
): Promise<string> => {
  try {
    const { User } = await client.send(
      new AdminCreateUserCommand({
        UserPoolId: pool,
        Username: email,
        UserAttributes: [
          { Name: "email", Value: email },
          { Name: "email_verified", Value: "true" },
          ...(tenantId === null ? [] : [{ Name: invitedFor, Value: tenantId }]),
        ],
        DesiredDeliveryMediums: ["EMAIL"],
      }),
    );
    return subOf(User?.Attributes);
  } catch (error) {
    if (!(error instanceof UsernameExistsException)) throw error;
    const other = await find(client, pool, email);
    if (other === null) throw error;
    return other.id;
  }
};

/** The one identifier of a user that never changes. */
const subOf = (attributes: readonly AttributeType[] | undefined): string => {
  const sub = attributes?.find((attribute) => attribute.Name === "sub")?.Value;
  if (sub === undefined) throw new Error("Cognito described a user without a sub.");
  return sub;
};
