import {
  AlreadyExistsException,
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  KMSClient,
  KMSInvalidStateException,
  ListResourceTagsCommand,
  NotFoundException,
  paginateListAliases,
  paginateListKeys,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";

type Whose = { readonly tenantId: string; readonly slug: string };

/** Keys that belong to one tenant each. */
export interface TenantKeys {
  /** The ARN of the tenant's key. */
  ensure(tenant: Whose): Promise<string>;
  /** Schedules all the tenant's keys for deletion, also one that lost its way to an alias. */
  release(tenant: Whose): Promise<void>;
}

const tenantIdTag = "tenant-id";
/** The shortest that KMS allows. */
const waitingDays = 7;

/**
 * Keys in KMS under aliases `<prefix>tenant-<slug>`. The tag `tenant` is what the tenant-data role is confined by,
 * `tenant-id` says whose a key is, `managed-by` which deployment's.
 * @param prefix such as `alias/tenantry/production/`
 */
export const tenantKeys = (prefix: string, client = new KMSClient({})): TenantKeys => {
  const aliasOf = ({ slug }: Whose): string => `${prefix}tenant-${slug}`;
  const managedBy = prefix.replace(/^alias\/|\/$/g, "");

  const describe = async (reference: string) => {
    try {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: reference }));
      return KeyMetadata?.KeyState === "PendingDeletion" ? undefined : KeyMetadata?.Arn;
    } catch (error) {
      if (error instanceof NotFoundException) return undefined;
      throw error;
    }
  };
  const ownerOf = async (key: string): Promise<string | undefined> => {
    const { Tags = [] } = await client.send(new ListResourceTagsCommand({ KeyId: key }));
    return Tags.find(({ TagKey }) => TagKey === tenantIdTag)?.TagValue;
  };

  /** Nameless keys that were looked at before: whose each is, for good, or undefined for one that is on its way out. */
  const settled = new Map<string, string | undefined>();

  /** Keys of the tenant that have no alias: made by a run that ended before it could name them. */
  const nameless = async ({ tenantId }: Whose): Promise<string[]> => {
    const named = new Set<string | undefined>();
    for await (const { Aliases = [] } of paginateListAliases({ client }, {}))
      for (const { TargetKeyId } of Aliases) named.add(TargetKeyId);
    const found: string[] = [];
    for await (const { Keys = [] } of paginateListKeys({ client }, {}))
      for (const { KeyId } of Keys) {
        if (KeyId === undefined || named.has(KeyId)) continue;
        if (settled.has(KeyId) && settled.get(KeyId) !== tenantId) continue;
        const arn = await describe(KeyId);
        const owner = arn === undefined ? undefined : await ownerOf(arn);
        if (arn !== undefined && owner === tenantId) found.push(arn);
        // One without an owner may get one yet.
        if (arn === undefined || owner !== undefined) settled.set(KeyId, owner);
      }
    return found;
  };

  const schedule = async (key: string): Promise<void> => {
    await client
      .send(new ScheduleKeyDeletionCommand({ KeyId: key, PendingWindowInDays: waitingDays }))
      .catch((error: unknown) => {
        if (!(error instanceof KMSInvalidStateException) && !(error instanceof NotFoundException)) throw error;
      });
  };
  const unname = async (alias: string): Promise<void> => {
    await client.send(new DeleteAliasCommand({ AliasName: alias })).catch((error: unknown) => {
      if (!(error instanceof NotFoundException)) throw error;
    });
  };

  /** The key under the tenant's alias. */
  const named = async (tenant: Whose): Promise<{ key: string; mine: boolean } | undefined> => {
    const key = await describe(aliasOf(tenant));
    return key === undefined ? undefined : { key, mine: (await ownerOf(key)) === tenant.tenantId };
  };

  const create = async ({ tenantId, slug }: Whose): Promise<string> => {
    const { KeyMetadata } = await client.send(
      new CreateKeyCommand({
        Description: `Objects of the tenant ${tenantId}`,
        Tags: [
          { TagKey: "tenant", TagValue: `tenant-${slug}` },
          { TagKey: tenantIdTag, TagValue: tenantId },
          { TagKey: "managed-by", TagValue: managedBy },
        ],
      }),
    );
    return KeyMetadata!.Arn!;
  };

  const findOrMake = async (tenant: Whose): Promise<string> => {
    const alias = aliasOf(tenant);
    for (let attempt = 1; ; attempt++) {
      const found = await named(tenant);
      if (found?.mine === true) return found.key;
      if (found !== undefined)
        throw new ProvisioningError("NameTaken", `The key ${alias} exists and is not this tenant's.`);
      const [left] = await nameless(tenant);
      const key = left ?? (await create(tenant));
      try {
        await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key }));
        return key;
      } catch (error) {
        if (!(error instanceof AlreadyExistsException) || attempt === 3) throw error;
        // Somebody was faster, or the alias still leads to a key that goes.
        const winner = await named(tenant);
        if (winner === undefined) await unname(alias);
        else if (winner.key !== key) await schedule(key);
      }
    }
  };

  return {
    async ensure(tenant) {
      const key = await findOrMake(tenant);
      // KMS knows no idempotency token: a call whose reply was lost may have made another, unknown to its caller.
      for (const other of await nameless(tenant)) await schedule(other);
      return key;
    },

    async release(tenant) {
      const found = await named(tenant);
      if (found?.mine === true) await schedule(found.key);
      if (found?.mine !== false) await unname(aliasOf(tenant));
      for (const key of await nameless(tenant)) await schedule(key);
    },
  };
};
