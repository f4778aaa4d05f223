import { allow, allowKeys } from "./functions";
import { adminEmail } from "./settings";
import { controlTable, indexesOf } from "./tables";
import { platformRoles } from "@tenantry/core/access/policy";

/** Enriches access tokens: those of the shared pool and those of tenants' own. */
const preTokenGeneration = new sst.aws.Function("PreTokenGeneration", {
  handler: "functions/triggers/pre-token-generation.handler",
  timeout: "5 seconds", // Cognito waits no longer
  environment: { CONTROL_TABLE: controlTable.name },
  permissions: [
    allowKeys(["dynamodb:GetItem"], ["IMPERSONATION#", "ISSUER#", "TENANT#"], controlTable.arn),
    allowKeys(["dynamodb:Query"], ["ROLE#", "USER#"], controlTable.arn),
    // Whoever a tenant's identity provider sends becomes a member there.
    allowKeys(["dynamodb:ConditionCheckItem"], ["ISSUER#"], controlTable.arn),
    allowKeys(["dynamodb:PutItem"], ["AUDIT#", "USER#"], controlTable.arn),
  ],
});

/** What an authorizer asks of the registry: whose client a token came from, and how its bearer stands. It notes activity. */
export const judgeTokens = [
  allowKeys(["dynamodb:GetItem"], ["ISSUER#"], controlTable.arn),
  allowKeys(["dynamodb:BatchGetItem"], ["IMPERSONATION#", "SESSION#", "TENANT#", "USER#"], controlTable.arn),
  allowKeys(["dynamodb:UpdateItem"], ["SESSION#"], controlTable.arn),
];

const { accountId } = aws.getCallerIdentityOutput();
const anyPool = $interpolate`arn:aws:cognito-idp:${aws.getRegionOutput().region}:${accountId}:userpool/*`;

// Tenants' own pools are made at run time, so no permission can name them.
new aws.lambda.Permission("TenantPoolsInvokePreTokenGeneration", {
  action: "lambda:InvokeFunction",
  function: preTokenGeneration.name,
  principal: "cognito-idp.amazonaws.com",
  sourceAccount: accountId,
  sourceArn: anyPool,
});

/** Everybody who signs in, but for the users of tenants with a pool of their own. E-mail addresses are the user names; only the control plane creates users. */
export const pool = new sst.aws.CognitoUserPool("Users", {
  usernames: ["email"],
  // Where users of business tenants' identity providers come back to. Lower case, and unique in the region.
  domain: { prefix: $interpolate`${$app.name.toLowerCase()}-${$app.stage.toLowerCase()}-${accountId}` },
  triggers: {
    preTokenGenerationVersion: "v2",
    preTokenGeneration: preTokenGeneration.arn,
  },
  transform: {
    userPool: (args) => {
      // Which tenant's onboarding invited a user: who lacks it, no release takes away.
      args.schemas = [
        {
          name: "invited_for",
          attributeDataType: "String",
          mutable: false,
          stringAttributeConstraints: { minLength: "0", maxLength: "64" },
        },
      ];
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

/** Users of these clients sign in to Cognito itself, not by way of its pages or of another provider. */
const byPassword = {
  supportedIdentityProviders: ["COGNITO"],
  allowedOauthFlowsUserPoolClient: false,
  allowedOauthFlows: [],
  allowedOauthScopes: [],
  callbackUrls: [],
  preventUserExistenceErrors: "ENABLED",
  enableTokenRevocation: true,
};

/** The client of the API's own users: consoles and command lines. */
export const client = pool.addClient("SignIn", {
  transform: {
    client: (args) => {
      args.explicitAuthFlows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
      Object.assign(args, byPassword);
      args.accessTokenValidity = 60;
      args.idTokenValidity = 60;
      args.refreshTokenValidity = 30;
      args.tokenValidityUnits = { accessToken: "minutes", idToken: "minutes", refreshToken: "days" };
    },
  },
});

/**
 * The client by which staff act for a user: they sign in once more. It cannot refresh, so none of its tokens outlives half
 * an hour; when an impersonation is over they are refused before that.
 */
export const impersonationClient = pool.addClient("Impersonation", {
  transform: {
    client: (args) => {
      args.explicitAuthFlows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"];
      Object.assign(args, byPassword);
      args.accessTokenValidity = 30;
      args.idTokenValidity = 30;
      args.refreshTokenValidity = 60; // the least there is
      args.tokenValidityUnits = { accessToken: "minutes", idToken: "minutes", refreshToken: "minutes" };
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

const poolName = `${$app.name}-${$app.stage}-`;
const lookForPools = [
  allow(["cognito-idp:AdminGetUser", "cognito-idp:DescribeUserPool"], anyPool),
  // Cognito lists every pool or none.
  allow(["cognito-idp:ListUserPools"], "*"),
];
const onOurPools = (actions: string[]) => ({
  actions,
  resources: [anyPool],
  conditions: [{ test: "StringEquals", variable: "aws:ResourceTag/managed-by", values: [poolName] }],
});

/** On the pool that tenants share and on those of their own, and on no other of the account's. */
const onTenantsPools = (actions: string[]) => [allow(actions, pool.arn), onOurPools(actions)];

const manageClients = onTenantsPools([
  "cognito-idp:CreateUserPoolClient",
  "cognito-idp:DeleteUserPoolClient",
  "cognito-idp:DescribeUserPoolClient",
  "cognito-idp:ListUserPoolClients",
]);

/** The same for tenants' keys. */
export const judgeKeys = [
  allowKeys(["dynamodb:GetItem"], ["APIKEY#", "TENANT#"], controlTable.arn),
  allowKeys(["dynamodb:UpdateItem"], ["APIKEY#"], controlTable.arn),
];

/** What it takes to invite a user into a tenant's pool. */
export const inviteUsers = onTenantsPools(["cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser"]);

/** What it takes to give a tenant's pool or client an identity provider, and to take it away. */
export const manageSso = onTenantsPools([
  "cognito-idp:CreateIdentityProvider",
  "cognito-idp:CreateUserPoolDomain",
  "cognito-idp:DeleteIdentityProvider",
  "cognito-idp:DescribeIdentityProvider",
  "cognito-idp:DescribeUserPool",
  "cognito-idp:DescribeUserPoolClient",
  "cognito-idp:ListIdentityProviders",
  "cognito-idp:UpdateIdentityProvider",
  "cognito-idp:UpdateUserPoolClient",
]);

/** What the functions of the identity plane are given. */
export const identityPlane = {
  environment: { USER_POOL_ID: pool.id, USER_POOL_CLIENT_ID: client.id, TENANT_POOL_NAME: poolName },
  provision: [
    allow(["dynamodb:DeleteItem"], controlTable.arn),
    ...onTenantsPools(["cognito-idp:AdminCreateUser"]),
    {
      actions: ["cognito-idp:CreateUserPool", "cognito-idp:TagResource"],
      resources: ["*"],
      conditions: [{ test: "StringEquals", variable: "aws:RequestTag/managed-by", values: [poolName] }],
    },
    ...manageClients,
    ...lookForPools,
    onOurPools(["cognito-idp:DeleteUserPool"]),
  ],
  release: [
    allow(["dynamodb:DeleteItem", "dynamodb:Query"], controlTable.arn, indexesOf(controlTable)),
    allow(["cognito-idp:AdminDeleteUser", "cognito-idp:AdminDisableUser", "cognito-idp:AdminEnableUser"], pool.arn),
    allow(
      [
        "cognito-idp:DeleteGroup",
        "cognito-idp:DeleteIdentityProvider",
        "cognito-idp:ListIdentityProviders",
        "cognito-idp:ListUsers",
      ],
      pool.arn,
    ),
    ...manageClients,
    ...lookForPools,
    onOurPools(["cognito-idp:DeleteUserPool", "cognito-idp:DeleteUserPoolDomain", "cognito-idp:ListUsers"]),
  ],
};
