import { dynamoApiKeys, newSecret } from "@tenantry/aws/api-keys";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoMakings } from "@tenantry/aws/makings";
import { newId } from "@tenantry/aws/new-id";
import type { Context } from "@tenantry/core/context";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from "@tenantry/core/key/verbs";
import { paged } from "./app.ts";

const database = documents();
const table = setting("CONTROL_TABLE");

const ports = {
  keys: dynamoApiKeys(database, table),
  makings: dynamoMakings(database, table),
  newSecret,
  clock: () => new Date(),
  newId,
};

/** The composition root of the keys' part of the API. */
export const apiKeys = { create: createApiKey(ports), revoke: revokeApiKey(ports), rotate: rotateApiKey(ports) };

/** A page of the keys of the caller's tenant. */
export const keysPage = async (
  ctx: Context,
  query: { readonly limit: number; readonly cursor?: string | undefined },
) => {
  const { items, next_cursor } = await paged({ list: "api-keys", filter: { org: ctx.actor.orgId } }, query, (page) =>
    listApiKeys(ports)(ctx, page),
  );
  return { items: items.map(showKey), next_cursor };
};

/** As the contract has it, whose lists are not read-only. */
export const showKey = <T extends { readonly scopes: readonly string[] }>(key: T) => ({
  ...key,
  scopes: [...key.scopes],
});
