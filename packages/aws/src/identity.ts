import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  type AttributeType,
  CognitoIdentityProviderClient,
  UsernameExistsException,
  UserNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { Users } from "@tenantry/core/provisioning/ports";

/**
 * Users of one Cognito pool whose user names are e-mail addresses. One person may own several tenants, so an existing
 * user is taken as they are; Cognito sends an invitation to a new one only.
 */
export const cognitoUsers = (userPoolId: string, client = new CognitoIdentityProviderClient({})): Users => ({
  async ensure({ email }) {
    const id = (await find(client, userPoolId, email)) ?? (await invite(client, userPoolId, email));
    return { user_pool_id: userPoolId, owner_user_id: id, owner_email: email };
  },
  async release(tenant) {
    throw new ProvisioningError("ReleaseMissing", `The identity of ${tenant.id} cannot be released.`);
  },
});

const find = async (client: CognitoIdentityProviderClient, pool: string, email: string): Promise<string | null> => {
  try {
    const user = await client.send(new AdminGetUserCommand({ UserPoolId: pool, Username: email }));
    return subOf(user.UserAttributes);
  } catch (error) {
    if (error instanceof UserNotFoundException) return null;
    throw error;
  }
};

const invite = async (client: CognitoIdentityProviderClient, pool: string, email: string): Promise<string> => {
  try {
    const { User } = await client.send(
      new AdminCreateUserCommand({
        UserPoolId: pool,
        Username: email,
        UserAttributes: [
          { Name: "email", Value: email },
          { Name: "email_verified", Value: "true" },
        ],
        DesiredDeliveryMediums: ["EMAIL"],
      }),
    );
    return subOf(User?.Attributes);
  } catch (error) {
    if (!(error instanceof UsernameExistsException)) throw error;
    const id = await find(client, pool, email);
    if (id === null) throw error;
    return id;
  }
};

/** The one identifier of a user that never changes. */
const subOf = (attributes: readonly AttributeType[] | undefined): string => {
  const sub = attributes?.find((attribute) => attribute.Name === "sub")?.Value;
  if (sub === undefined) throw new Error("Cognito described a user without a sub.");
  return sub;
};
