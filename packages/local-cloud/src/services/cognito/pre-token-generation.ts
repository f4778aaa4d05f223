import { AwsError } from "../../gateway/service.ts";
import { type Input, isRecord, record } from "../input.ts";
import type { Client, Pool, TriggerVersion, User } from "./model.ts";
import type { Cognito } from "./state.ts";
import { identitiesOf } from "./users.ts";

export type TriggerSource =
  | "TokenGeneration_Authentication"
  | "TokenGeneration_HostedAuth"
  | "TokenGeneration_NewPasswordChallenge"
  | "TokenGeneration_RefreshTokens";

/** What a trigger changes in one token. */
export type TokenChanges = {
  readonly add: Readonly<Record<string, unknown>>;
  readonly suppress: readonly string[];
};

export type Groups = {
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly preferredRole?: string;
};

export type Customisation = {
  readonly id: TokenChanges;
  readonly access: TokenChanges;
  readonly scopes: readonly string[];
  readonly groups: Groups;
};

const NONE: TokenChanges = { add: {}, suppress: [] };
const VERSIONS: Readonly<Record<TriggerVersion, string>> = { V1_0: "1", V2_0: "2", V3_0: "3" };

const configOf = (pool: Pool): { arn: string; version: TriggerVersion } | undefined => {
  const { PreTokenGenerationConfig: config, PreTokenGeneration: plain } = pool.settings.LambdaConfig ?? {};
  if (config?.LambdaArn) return { arn: config.LambdaArn, version: config.LambdaVersion ?? "V1_0" };
  return plain ? { arn: plain, version: "V1_0" } : undefined;
};

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Which claims a version lets a trigger write: the first takes texts only. */
const changesOf = (details: Input, version: TriggerVersion): TokenChanges => ({
  add: Object.fromEntries(
    Object.entries(record(details, "claimsToAddOrOverride"))
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, version === "V1_0" ? String(value) : value]),
  ),
  suppress: strings(details["claimsToSuppress"]),
});

const groupsOf = (details: Input, groups: Groups): Groups => {
  const override = details["groupOverrideDetails"];
  if (!isRecord(override)) return groups;
  const preferred = override["preferredRole"];
  return {
    groups: strings(override["groupsToOverride"]),
    roles: strings(override["iamRolesToOverride"]),
    ...(typeof preferred === "string" ? { preferredRole: preferred } : {}),
  };
};

/** Scopes may be added and taken away, but not those with Cognito's own prefixes that were not granted. */
const scopesOf = (access: Input, granted: readonly string[]): readonly string[] => {
  const suppressed = new Set(strings(access["scopesToSuppress"]));
  const added = strings(access["scopesToAdd"]).filter((scope) => !scope.startsWith("aws.cognito") && !/\s/.test(scope));
  return [...new Set([...granted, ...added])].filter((scope) => !suppressed.has(scope));
};

/**
 * Asks the pool's pre token generation trigger, if it has one, what goes into the tokens.
 * @throws AwsError UserLambdaValidationException when it fails, UnexpectedLambdaException when it cannot be called,
 *   InvalidLambdaResponseException when its answer has not the shape
 */
export const preTokenGeneration = async (
  cognito: Cognito,
  asked: {
    readonly pool: Pool;
    readonly client: Client;
    readonly user: User;
    readonly source: TriggerSource;
    readonly metadata: Readonly<Record<string, string>> | undefined;
    readonly scopes: readonly string[];
    readonly groups: Groups;
  },
): Promise<Customisation> => {
  const { pool, client, user, groups, scopes } = asked;
  const config = configOf(pool);
  if (!config) return { id: NONE, access: NONE, scopes, groups };
  const first = config.version === "V1_0";
  const event = {
    version: VERSIONS[config.version],
    triggerSource: asked.source,
    region: cognito.host.region,
    userPoolId: pool.id,
    userName: user.username,
    callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: client.id },
    request: {
      userAttributes: {
        ...user.attributes,
        ...(user.identity === undefined ? {} : { identities: JSON.stringify(identitiesOf(user.identity)) }),
        "cognito:user_status": user.status,
      },
      groupConfiguration: {
        groupsToOverride: groups.groups,
        iamRolesToOverride: groups.roles,
        preferredRole: groups.preferredRole ?? null,
      },
      ...(first ? {} : { scopes }),
      ...(asked.metadata === undefined ? {} : { clientMetadata: asked.metadata }),
    },
    response: first ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
  };
  const { payload, error } = await cognito.host.invoke(config.arn, event).catch((reason: unknown) => {
    throw new AwsError("UnexpectedLambdaException", `PreTokenGeneration invocation failed: ${String(reason)}`);
  });
  if (error)
    throw new AwsError("UserLambdaValidationException", `PreTokenGeneration failed with error ${error.errorMessage}.`);
  if (!isRecord(payload) || !isRecord(payload["response"]))
    throw new AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output");
  const details = record(payload["response"], first ? "claimsOverrideDetails" : "claimsAndScopeOverrideDetails");
  if (first) return { id: changesOf(details, "V1_0"), access: NONE, scopes, groups: groupsOf(details, groups) };
  const access = record(details, "accessTokenGeneration");
  return {
    id: changesOf(record(details, "idTokenGeneration"), config.version),
    access: changesOf(access, config.version),
    scopes: scopesOf(access, scopes),
    groups: groupsOf(details, groups),
  };
};
