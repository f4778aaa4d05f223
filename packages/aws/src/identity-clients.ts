import {
  type CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  DescribeUserPoolClientCommand,
  paginateListUserPoolClients,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";

/** App clients by their name, which Cognito does not keep unique: the oldest of a name is the one. */
export const appClients = (
  client: CognitoIdentityProviderClient,
  shared: { readonly userPoolId: string; readonly clientId: string },
) => {
  const list = async (pool: string): Promise<{ id: string; name: string }[]> => {
    const found: { id: string; name: string }[] = [];
    for await (const page of paginateListUserPoolClients({ client, pageSize: 60 }, { UserPoolId: pool }))
      for (const { ClientId, ClientName } of page.UserPoolClients ?? [])
        if (ClientId !== undefined) found.push({ id: ClientId, name: ClientName ?? "" });
    return found;
  };
  const describe = async (pool: string, id: string) => {
    try {
      return (await client.send(new DescribeUserPoolClientCommand({ UserPoolId: pool, ClientId: id }))).UserPoolClient;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };

  const find = async (pool: string, name: string): Promise<string[]> => {
    const named = (await list(pool)).filter((one) => one.name === name);
    const dated = await Promise.all(
      named.map(async ({ id }) => ({ id, at: (await describe(pool, id))?.CreationDate?.getTime() ?? Infinity })),
    );
    return dated.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  };

  const remove = async (pool: string, id: string): Promise<void> => {
    await client.send(new DeleteUserPoolClientCommand({ UserPoolId: pool, ClientId: id })).catch((error: unknown) => {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    });
  };

  /** With the settings of the platform's own client, without a secret. */
  const create = async (pool: string, name: string): Promise<void> => {
    const model = await describe(shared.userPoolId, shared.clientId);
    await client.send(
      new CreateUserPoolClientCommand({
        UserPoolId: pool,
        ClientName: name,
        GenerateSecret: false,
        ExplicitAuthFlows: model?.ExplicitAuthFlows,
        PreventUserExistenceErrors: "ENABLED",
        EnableTokenRevocation: true,
        SupportedIdentityProviders: ["COGNITO"],
        AccessTokenValidity: model?.AccessTokenValidity,
        IdTokenValidity: model?.IdTokenValidity,
        RefreshTokenValidity: model?.RefreshTokenValidity,
        TokenValidityUnits: model?.TokenValidityUnits,
      }),
    );
  };

  return {
    /** The ids of the clients of this name, the oldest first. */
    find,
    remove,
    all: async (pool: string): Promise<string[]> => (await list(pool)).map(({ id }) => id),
    /** The id of the one client of this name; others that a run at the same time made are taken away. */
    async ensure(pool: string, name: string): Promise<string> {
      if ((await find(pool, name)).length === 0) await create(pool, name);
      const [oldest, ...more] = await find(pool, name);
      if (oldest === undefined) throw new Error(`Cognito lists no client ${name} right after it was made.`);
      for (const other of more) await remove(pool, other);
      return oldest;
    },
  };
};
