import { createHash } from "node:crypto";
import { type Graph, type GraphResource, ofType } from "../../deploy/graph.ts";
import { isRecord } from "../input.ts";
import { createUser, setPassword } from "./admin-users.ts";
import { checkAttributes, mergeAttributes } from "./attributes.ts";
import { putClient } from "./clients.ts";
import { putDomain } from "./domains.ts";
import { addToGroup, putGroup } from "./groups.ts";
import type { ClientSettings, Group, PoolSettings } from "./model.ts";
import { putPool } from "./pools.ts";
import { type Cognito, needPool } from "./state.ts";
import { findUser, updateUser } from "./users.ts";

const POOL = "aws:cognito/userPool:UserPool";
const CLIENT = "aws:cognito/userPoolClient:UserPoolClient";
const GROUP = "aws:cognito/userGroup:UserGroup";
const USER = "aws:cognito/user:User";
const MEMBERSHIP = "aws:cognito/userInGroup:UserInGroup";
const DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain";

export const types = [POOL, CLIENT, GROUP, USER, MEMBERSHIP, DOMAIN];

/** Pulumi's `passwordPolicy` is the API's `PasswordPolicy`, all the way down. */
const toApi = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(toApi);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .map(([key, member]) => [key.charAt(0).toUpperCase() + key.slice(1), toApi(member)]),
  );
};

const poolSettings = ({ inputs, outputs }: GraphResource): PoolSettings => {
  const { name, passwordPolicy, schemas, emailConfiguration, tags, tagsAll: _, region: __, ...rest } = inputs;
  return {
    ...(toApi(rest) as PoolSettings),
    PoolName: String(outputs["name"] ?? name),
    UserPoolTags: tags ?? {},
    ...(passwordPolicy ? { Policies: { PasswordPolicy: toApi(passwordPolicy) } } : {}),
    ...(schemas ? { SchemaAttributes: toApi(schemas) } : {}),
    ...(emailConfiguration
      ? { EmailConfiguration: { ...(toApi(emailConfiguration) as object), From: emailConfiguration.fromEmailAddress } }
      : {}),
  } as PoolSettings;
};

const clientSettings = ({ inputs, outputs }: GraphResource): ClientSettings => {
  const { name, userPoolId: _, generateSecret: __, region: ___, ...rest } = inputs;
  // Pulumi writes the API's abbreviations as words.
  const { callbackUrls, logoutUrls, allowedOauthFlows, allowedOauthScopes, allowedOauthFlowsUserPoolClient, ...more } =
    rest;
  return {
    ...(toApi(more) as ClientSettings),
    ...(toApi({
      CallbackURLs: callbackUrls,
      LogoutURLs: logoutUrls,
      AllowedOAuthFlows: allowedOauthFlows,
      AllowedOAuthScopes: allowedOauthScopes,
      AllowedOAuthFlowsUserPoolClient: allowedOauthFlowsUserPoolClient,
    }) as ClientSettings),
    ClientName: String(outputs["name"] ?? name),
  };
};

const applyGroup = (cognito: Cognito, { inputs, outputs }: GraphResource): void => {
  const name = String(outputs["name"] ?? inputs["name"]);
  const poolId = String(inputs["userPoolId"]);
  const group: Group = {
    name,
    poolId,
    ...(inputs["description"] ? { description: String(inputs["description"]) } : {}),
    ...(inputs["roleArn"] ? { roleArn: String(inputs["roleArn"]) } : {}),
    ...(inputs["precedence"] === undefined ? {} : { precedence: Number(inputs["precedence"]) }),
    createdAt: cognito.groups.get(`${poolId}/${name}`)?.createdAt ?? cognito.now(),
    changedAt: cognito.now(),
  };
  putGroup(cognito, group);
};

/** Creates the user, and later changes it only where the stack changed: what users did since is theirs. */
const applyUser = async (cognito: Cognito, { urn, inputs, outputs }: GraphResource): Promise<void> => {
  const pool = needPool(cognito, String(inputs["userPoolId"]));
  const name = String(inputs["username"]);
  const attributes = (inputs["attributes"] ?? {}) as Record<string, string>;
  const enabled = inputs["enabled"] !== false;
  const password = inputs["password"] as string | undefined;
  const applied = cognito.host.store.collection<string>("cognito-applied");
  const mark = createHash("sha256")
    .update(JSON.stringify([attributes, enabled]))
    .digest("hex");
  const existing = findUser(cognito, pool, name);
  if (existing && applied.get(urn) === mark) return;
  if (!existing) {
    const temporary = inputs["temporaryPassword"] as string | undefined;
    const user = await createUser(cognito, pool, {
      name,
      attributes: checkAttributes(pool, attributes),
      ...(outputs["sub"] ? { sub: String(outputs["sub"]) } : {}),
      ...(temporary === undefined ? {} : { password: temporary }),
      mediums: (inputs["desiredDeliveryMediums"] ?? []) as string[],
      suppress: inputs["messageAction"] === "SUPPRESS",
    });
    if (password !== undefined) await setPassword(cognito, pool, user.username, password, true);
  }
  updateUser(cognito, pool, name, (user) => ({ enabled, attributes: mergeAttributes(user.attributes, attributes) }));
  applied.put(urn, mark);
};

/** Makes the graph's user pools, clients, groups, users and memberships real. */
export const applyCognito = async (cognito: Cognito, graph: Graph): Promise<void> => {
  for (const resource of ofType(graph, POOL))
    putPool(cognito, {
      id: resource.id,
      arn: String(resource.outputs["arn"]),
      settings: poolSettings(resource),
    });
  for (const resource of ofType(graph, CLIENT)) {
    const secret = resource.outputs["clientSecret"];
    putClient(cognito, {
      id: resource.id,
      poolId: String(resource.inputs["userPoolId"]),
      ...(typeof secret === "string" && secret !== "" ? { secret } : {}),
      settings: clientSettings(resource),
    });
  }
  for (const { id, inputs } of ofType(graph, DOMAIN)) putDomain(cognito, id, String(inputs["userPoolId"]));
  for (const resource of ofType(graph, GROUP)) applyGroup(cognito, resource);
  for (const resource of ofType(graph, USER)) await applyUser(cognito, resource);
  for (const { inputs } of ofType(graph, MEMBERSHIP))
    addToGroup(cognito, String(inputs["userPoolId"]), String(inputs["username"]), String(inputs["groupName"]));
};
