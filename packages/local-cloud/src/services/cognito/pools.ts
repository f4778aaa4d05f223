import type { JsonAction } from "../../protocols/json.ts";
import { notImplemented } from "../../gateway/service.ts";
import { type Input, isRecord, optionalNumber, optionalText, page, record, text } from "../input.ts";
import type { Pool, PoolSettings } from "./model.ts";
import { policyOf } from "./passwords.ts";
import { domainOf } from "./domains.ts";
import { type Cognito, invalidParameter, needPool, randomName } from "./state.ts";
import { removeUser, usersOf } from "./users.ts";

/** Triggers of flows that the embedded cloud refuses anyway, so that having them set is harmless. */
const IDLE = new Set([
  "PostConfirmation",
  "CreateAuthChallenge",
  "DefineAuthChallenge",
  "VerifyAuthChallengeResponse",
  "KMSKeyID",
  "KmsKeyId",
]);
const RUN = new Set(["PreTokenGeneration", "PreTokenGenerationConfig"]);

/** @throws AwsError NotImplemented for a setting that would change sign-in and is not there */
const refuseUnsupported = (settings: PoolSettings): void => {
  const trigger = Object.entries(settings.LambdaConfig ?? {}).find(
    ([name, value]) => value !== undefined && value !== null && !RUN.has(name) && !IDLE.has(name),
  );
  if (trigger) throw notImplemented("cognito-idp", `LambdaConfig.${trigger[0]}`);
  if (settings.MfaConfiguration === "ON") throw notImplemented("cognito-idp", "MfaConfiguration=ON");
};

/** Creates a pool, or gives it new settings; users and keys stay. */
export const putPool = (
  cognito: Cognito,
  wanted: { readonly id: string; readonly arn: string; readonly settings: PoolSettings },
): Pool => {
  refuseUnsupported(wanted.settings);
  const createdAt = cognito.pools.get(wanted.id)?.createdAt ?? cognito.now();
  const pool: Pool = { ...wanted, createdAt, changedAt: cognito.now() };
  cognito.pools.put(pool.id, pool);
  return pool;
};

const describe = (cognito: Cognito, pool: Pool): Record<string, unknown> => {
  const { PoolName: Name, ...settings } = pool.settings;
  return {
    ...settings,
    Id: pool.id,
    Arn: pool.arn,
    Name,
    Domain: domainOf(cognito, pool.id)?.name,
    Policies: { PasswordPolicy: policyOf(pool.settings) },
    CreationDate: pool.createdAt,
    LastModifiedDate: pool.changedAt,
    EstimatedNumberOfUsers: usersOf(cognito, pool).length,
  };
};

/** CreateUserPool calls it `Schema`, DescribeUserPool `SchemaAttributes`. */
const settingsOf = (input: Input): PoolSettings => {
  const { Schema, ...settings } = input;
  return {
    ...settings,
    ...(Array.isArray(Schema) ? { SchemaAttributes: Schema.filter(isRecord) } : {}),
    PoolName: text(input, "PoolName"),
    LambdaConfig: record(input, "LambdaConfig"),
  };
};

/** The actions on user pools. */
export const poolActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  async CreateUserPool(input: Input) {
    const { region, account } = cognito.host;
    const id = `${region}_${randomName(9)}`;
    const arn = `arn:aws:cognito-idp:${region}:${account}:userpool/${id}`;
    return { UserPool: describe(cognito, putPool(cognito, { id, arn, settings: settingsOf(input) })) };
  },
  DescribeUserPool: (input: Input) => ({ UserPool: describe(cognito, needPool(cognito, text(input, "UserPoolId"))) }),
  ListUserPools(input: Input) {
    const pools = cognito.pools.list().map(({ value }) => value);
    const size = optionalNumber(input, "MaxResults") ?? 60;
    const { items, next } = page(pools, ({ id }) => id, size, optionalText(input, "NextToken"));
    return {
      UserPools: items.map((pool) => ({
        Id: pool.id,
        Name: pool.settings.PoolName,
        LambdaConfig: pool.settings.LambdaConfig,
        CreationDate: pool.createdAt,
        LastModifiedDate: pool.changedAt,
      })),
      NextToken: next,
    };
  },
  DeleteUserPool(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    if (domainOf(cognito, pool.id) !== undefined)
      throw invalidParameter("User pool cannot be deleted. It has a domain configured that should be deleted first.");
    for (const { key } of cognito.providers.list(`${pool.id}/`)) cognito.providers.delete(key);
    for (const user of usersOf(cognito, pool)) removeUser(cognito, pool, user);
    for (const { key } of cognito.groups.list(`${pool.id}/`)) cognito.groups.delete(key);
    for (const { value } of cognito.clients.list()) if (value.poolId === pool.id) cognito.clients.delete(value.id);
    cognito.keys.delete(pool.id);
    cognito.pools.delete(pool.id);
  },
});
