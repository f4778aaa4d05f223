import {
  APIGatewayClient,
  ConflictException,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  GetUsagePlansCommand,
  NotFoundException,
  paginateGetApiKeys,
  paginateGetUsagePlans,
} from "@aws-sdk/client-api-gateway";
import { TransientError } from "@tenantry/core/provisioning/errors";
import type { UsageKeys } from "@tenantry/core/provisioning/ports";
import { usageKeyOf } from "@tenantry/core/tenant/usage-key";

/**
 * API keys of API Gateway, one a tenant, in the usage plan of its tier. Plans are found by their names: their ids are
 * known only after the API, and so after the functions that would be told.
 *
 * @param prefix how the names of this stage's plans and keys begin, and what its keys are tagged with: `<app>-<stage>-`
 */
export const gatewayUsageKeys = (prefix: string, client = new APIGatewayClient({})): UsageKeys => {
  const plans = new Map<string, string>();

  const planOf = async (tier: string): Promise<string> => {
    const known = plans.get(tier);
    if (known !== undefined) return known;
    for await (const { items } of paginateGetUsagePlans({ client, pageSize: 500 }, {}))
      for (const { id, name } of items ?? [])
        if (id !== undefined && name?.startsWith(prefix)) plans.set(name.slice(prefix.length), id);
    const found = plans.get(tier);
    if (found === undefined) throw new Error(`There is no usage plan ${prefix}${tier}.`);
    return found;
  };

  const find = async (tenantId: string): Promise<string[]> => {
    const name = `${prefix}${tenantId}`;
    const found: string[] = [];
    for await (const { items } of paginateGetApiKeys({ client, pageSize: 500 }, { nameQuery: name }))
      for (const key of items ?? [])
        if (key.id !== undefined && key.name === name && key.tags?.["tenant"] === tenantId) found.push(key.id);
    return found;
  };

  const create = async (tenantId: string): Promise<string> => {
    const command = new CreateApiKeyCommand({
      name: `${prefix}${tenantId}`,
      value: usageKeyOf(tenantId),
      enabled: true,
      tags: { "managed-by": prefix, tenant: tenantId },
    });
    const { id } = await client.send(command).catch(madeMeanwhile);
    if (id === undefined) throw new Error("API Gateway described a key without an id.");
    return id;
  };

  /** Whether a key is in a plan; an operator may have given the tenant one of its own. */
  const held = async (keyId: string): Promise<boolean> =>
    ((await client.send(new GetUsagePlansCommand({ keyId }))).items ?? []).length > 0;

  return {
    async ensure({ tenantId, tier }) {
      const plan = await planOf(tier);
      const [found] = await find(tenantId);
      const keyId = found ?? (await create(tenantId));
      if (!(await held(keyId))) {
        const attach = new CreateUsagePlanKeyCommand({ usagePlanId: plan, keyId, keyType: "API_KEY" });
        await client.send(attach).catch(madeMeanwhile);
      }
      return keyId;
    },

    async release({ id }) {
      for (const apiKey of await find(id)) await client.send(new DeleteApiKeyCommand({ apiKey })).catch(unlessGone);
    },
  };
};

/** Values of keys are unique, and so is a key's plan at one stage: another run was first, and the next try finds it. */
const madeMeanwhile = (error: unknown): never => {
  if (!(error instanceof ConflictException)) throw error;
  throw new TransientError("The usage key was made by another run at the same instant.", { cause: error });
};

const unlessGone = (error: unknown): void => {
  if (!(error instanceof NotFoundException)) throw error;
};
