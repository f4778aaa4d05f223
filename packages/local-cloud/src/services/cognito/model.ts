/** Shapes as the store keeps them. Settings are kept in the API's own form, so that Describe answers what was set. */

export type PasswordPolicy = {
  readonly MinimumLength?: number;
  readonly RequireUppercase?: boolean;
  readonly RequireLowercase?: boolean;
  readonly RequireNumbers?: boolean;
  readonly RequireSymbols?: boolean;
  readonly TemporaryPasswordValidityDays?: number;
};

export type TriggerVersion = "V1_0" | "V2_0" | "V3_0";

/** The members of CreateUserPool that have an effect here; the others are kept and described. */
export type PoolSettings = {
  readonly PoolName?: string;
  readonly Policies?: { readonly PasswordPolicy?: PasswordPolicy };
  readonly UsernameAttributes?: readonly string[];
  readonly AliasAttributes?: readonly string[];
  readonly UsernameConfiguration?: { readonly CaseSensitive?: boolean };
  readonly SchemaAttributes?: readonly { readonly Name?: string }[];
  readonly AdminCreateUserConfig?: {
    readonly InviteMessageTemplate?: { readonly EmailMessage?: string; readonly EmailSubject?: string };
  };
  readonly EmailConfiguration?: { readonly From?: string };
  readonly MfaConfiguration?: string;
  readonly LambdaConfig?: Readonly<Record<string, unknown>> & {
    readonly PreTokenGeneration?: string;
    readonly PreTokenGenerationConfig?: { readonly LambdaArn?: string; readonly LambdaVersion?: TriggerVersion };
  };
};

export type Pool = {
  readonly id: string;
  readonly arn: string;
  readonly settings: PoolSettings;
  /** Seconds since 1970, here and below. */
  readonly createdAt: number;
  readonly changedAt: number;
};

type Unit = "seconds" | "minutes" | "hours" | "days";

export type ClientSettings = {
  readonly ClientName?: string;
  readonly ExplicitAuthFlows?: readonly string[];
  readonly PreventUserExistenceErrors?: "ENABLED" | "LEGACY";
  readonly AccessTokenValidity?: number;
  readonly IdTokenValidity?: number;
  readonly RefreshTokenValidity?: number;
  readonly TokenValidityUnits?: {
    readonly AccessToken?: Unit;
    readonly IdToken?: Unit;
    readonly RefreshToken?: Unit;
  };
  /** Minutes in which a challenge must be answered. */
  readonly AuthSessionValidity?: number;
  readonly EnableTokenRevocation?: boolean;
  /** `COGNITO` and names of the pool's identity providers. */
  readonly SupportedIdentityProviders?: readonly string[];
  readonly CallbackURLs?: readonly string[];
  readonly AllowedOAuthFlows?: readonly string[];
  readonly AllowedOAuthScopes?: readonly string[];
  readonly AllowedOAuthFlowsUserPoolClient?: boolean;
  readonly RefreshTokenRotation?: { readonly Feature?: string; readonly RetryGracePeriodSeconds?: number };
};

export type Client = {
  readonly id: string;
  readonly poolId: string;
  readonly secret?: string;
  readonly settings: ClientSettings;
  readonly createdAt: number;
  readonly changedAt: number;
};

/** An OIDC provider of a pool. */
export type IdentityProvider = {
  readonly poolId: string;
  readonly name: string;
  /** `client_id`, `oidc_issuer`, `authorize_scopes`, …: all but the secret. */
  readonly details: Readonly<Record<string, string>>;
  /** The client's secret, sealed. */
  readonly sealed: string;
  /** The user's attribute and the provider's claim. */
  readonly mapping: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
};

/** Where a pool's OAuth endpoints are: `https://<name>.auth.<region>.amazoncognito.com` on AWS. */
export type Domain = { readonly name: string; readonly poolId: string };

/** Who a user is to the provider that they came from. */
export type Identity = { readonly userId: string; readonly providerName: string; readonly dateCreated: number };

export type UserStatus = "FORCE_CHANGE_PASSWORD" | "CONFIRMED" | "RESET_REQUIRED" | "EXTERNAL_PROVIDER";

export type User = {
  readonly username: string;
  readonly poolId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly status: UserStatus;
  /** `scrypt$N$r$p$salt$hash`; empty for who comes from an identity provider. */
  readonly passwordHash: string;
  /** When a temporary password ends. */
  readonly passwordEndsAt?: number;
  readonly groups: readonly string[];
  /** Of users who come from an identity provider. */
  readonly identity?: Identity;
  readonly createdAt: number;
  readonly changedAt: number;
};

export type Group = {
  readonly name: string;
  readonly poolId: string;
  readonly description?: string;
  readonly precedence?: number;
  readonly roleArn?: string;
  readonly createdAt: number;
  readonly changedAt: number;
};

/** One sign-in: what all its tokens share, until it is revoked or ends. */
export type Session = {
  readonly originJti: string;
  readonly poolId: string;
  readonly sub: string;
  readonly username: string;
  readonly clientId: string;
  readonly authTime: number;
  readonly endsAt: number;
  readonly revoked: boolean;
  /** What the application was granted, by the OAuth endpoints. */
  readonly scopes?: readonly string[];
};

/** A refresh token, found by its hash. A rotated one ends before its session. */
export type RefreshToken = {
  readonly session: string;
  readonly endsAt: number;
};
