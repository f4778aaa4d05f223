import { allow } from "./functions";
import { adminEmail } from "./settings";
import { controlTable } from "./tables";
import { platformRoles } from "@tenantry/core/access/policy";

/** Everybody who signs in. E-mail addresses are the user names; only the control plane creates users. */
export const pool = new sst.aws.CognitoUserPool("Users", {
  usernames: ["email"],
  triggers: {
    preTokenGenerationVersion: "v2",
    preTokenGeneration: {
      handler: "functions/triggers/pre-token-generation.handler",
      timeout: "5 seconds", // Cognito waits no longer
      environment: { CONTROL_TABLE: controlTable.name },
      permissions: [allow(["dynamodb:Query"], controlTable.arn)],
    },
  },
  transform: {
    userPool: (args) => {
      args.adminCreateUserConfig = { allowAdminCreateUserOnly: true };
      args.userPoolTier = "ESSENTIALS"; // customised access tokens need it
      args.accountRecoverySetting = { recoveryMechanisms: [{ name: "verified_email", priority: 1 }] };
      args.passwordPolicy = {
        minimumLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireNumbers: true,
        requireSymbols: false,
        temporaryPasswordValidityDays: 7,
      };
    },
  },
});

/** The client of the API's own users: consoles and command lines. */
export const client = pool.addClient("SignIn", {
  transform: {
    client: (args) => {
      args.explicitAuthFlows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
      args.supportedIdentityProviders = ["COGNITO"];
      args.allowedOauthFlowsUserPoolClient = false;
      args.allowedOauthFlows = [];
      args.allowedOauthScopes = [];
      args.callbackUrls = [];
      args.preventUserExistenceErrors = "ENABLED";
      args.enableTokenRevocation = true;
      args.accessTokenValidity = 60;
      args.idTokenValidity = 60;
      args.refreshTokenValidity = 30;
      args.tokenValidityUnits = { accessToken: "minutes", idToken: "minutes", refreshToken: "days" };
    },
  },
});

// Platform staff are members of a group named after their role; tenants' users have memberships in the registry.
const groups = platformRoles.map(
  (role) => new aws.cognito.UserGroup(role, { userPoolId: pool.id, name: role, description: `Platform role ${role}` }),
);

const admin = new aws.cognito.User(
  "PlatformAdmin",
  {
    userPoolId: pool.id,
    username: adminEmail,
    attributes: { email: adminEmail, email_verified: "true" },
    desiredDeliveryMediums: ["EMAIL"],
  },
  { ignoreChanges: ["attributes"] },
);

new aws.cognito.UserInGroup(
  "PlatformAdminMembership",
  { userPoolId: pool.id, username: admin.username, groupName: "platform-admin" },
  { dependsOn: groups },
);
