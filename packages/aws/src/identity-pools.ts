import {
  type CognitoIdentityProviderClient,
  CreateUserPoolCommand,
  DeleteUserPoolCommand,
  DeleteUserPoolDomainCommand,
  DescribeUserPoolCommand,
  paginateListUserPools,
  paginateListUsers,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";

type Whose = { readonly tenantId: string; readonly name: string };

const tenantIdTag = "tenant-id";

/** Tenants' own user pools by name and tag. Cognito keeps names not unique: the oldest of a tenant's is the one. */
export const userPools = (
  client: CognitoIdentityProviderClient,
  shared: { readonly userPoolId: string; readonly poolName: string },
) => {
  const describe = async (pool: string) => {
    try {
      return (await client.send(new DescribeUserPoolCommand({ UserPoolId: pool }))).UserPool;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };

  const find = async ({ tenantId, name }: Whose): Promise<string[]> => {
    const named: { id: string; at: number }[] = [];
    for await (const page of paginateListUserPools({ client, pageSize: 60 }, { MaxResults: 60 }))
      for (const { Id, Name, CreationDate } of page.UserPools ?? [])
        if (Id !== undefined && Name === `${shared.poolName}${name}`)
          named.push({ id: Id, at: CreationDate?.getTime() ?? Infinity });
    const mine: typeof named = [];
    for (const pool of named) if ((await describe(pool.id))?.UserPoolTags?.[tenantIdTag] === tenantId) mine.push(pool);
    return mine.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  };

  const gone = (error: unknown): void => {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  };

  const remove = async (pool: string): Promise<void> => {
    const { Domain } = (await describe(pool)) ?? {};
    // Cognito keeps a pool as long as it has one.
    if (Domain !== undefined)
      await client.send(new DeleteUserPoolDomainCommand({ UserPoolId: pool, Domain })).catch(gone);
    await client.send(new DeleteUserPoolCommand({ UserPoolId: pool })).catch(gone);
  };

  /** With the rules, the mails and the token trigger of the shared pool. */
  const create = async ({ tenantId, name }: Whose): Promise<void> => {
    const model = await describe(shared.userPoolId);
    if (model === undefined) throw new Error(`There is no user pool ${shared.userPoolId}.`);
    const { PreTokenGenerationConfig } = model.LambdaConfig ?? {};
    const { InviteMessageTemplate } = model.AdminCreateUserConfig ?? {};
    await client.send(
      new CreateUserPoolCommand({
        PoolName: `${shared.poolName}${name}`,
        UsernameAttributes: ["email"],
        UserPoolTier: model.UserPoolTier,
        Policies: model.Policies,
        AccountRecoverySetting: model.AccountRecoverySetting,
        EmailConfiguration: model.EmailConfiguration,
        AdminCreateUserConfig: {
          AllowAdminCreateUserOnly: true,
          ...(InviteMessageTemplate === undefined ? {} : { InviteMessageTemplate }),
        },
        LambdaConfig: { ...(PreTokenGenerationConfig === undefined ? {} : { PreTokenGenerationConfig }) },
        UserPoolTags: { tenant: name, [tenantIdTag]: tenantId, "managed-by": shared.poolName },
      }),
    );
  };

  return {
    /** The ids of the tenant's pools, the oldest first. */
    find,
    remove,
    /** The id of the tenant's one pool; others that a run at the same time made are taken away. */
    async ensure(tenant: Whose): Promise<string> {
      if ((await find(tenant)).length === 0) await create(tenant);
      const [oldest, ...more] = await find(tenant);
      if (oldest === undefined) throw new Error(`Cognito lists no user pool ${tenant.name} right after it was made.`);
      for (const other of more) await remove(other);
      return oldest;
    },
    /** The `sub` of every user. */
    async *users(pool: string): AsyncGenerator<string> {
      for await (const page of paginateListUsers({ client, pageSize: 60 }, { UserPoolId: pool }))
        for (const { Attributes } of page.Users ?? []) {
          const sub = Attributes?.find(({ Name }) => Name === "sub")?.Value;
          if (sub !== undefined) yield sub;
        }
    },
  };
};
