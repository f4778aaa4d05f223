import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { planeNames } from "@tenantry/core/provisioning/names";
import type { StorageVault } from "@tenantry/core/storage/create-storage-credentials";

/** Dates of IAM are to the second: the second in which it ends is no more of it. */
const endingAt = (until: string) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: "*",
      Resource: "*",
      Condition: { DateLessThan: { "aws:CurrentTime": `${until.slice(0, 19)}Z` } },
    },
  ],
});

/**
 * Sessions of the tenant-data role. What a session may reach is decided by its tags alone, which only those whom the
 * role trusts can set: `tenant` is the folder, `kms-key` the one key to write under.
 * Where they end before STS would have them end, a session policy says so: it takes from the role's own, and gives nothing.
 */
export const stsStorageVault = (
  { role, region }: { readonly role: string; readonly region: string },
  client = new STSClient({}),
): StorageVault => ({
  async issue({ slug, storage: { bucket, prefix, kms_key_arn } }, seconds, until) {
    const { namespace: tenant } = planeNames(slug);
    const { Credentials } = await client.send(
      new AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: tenant,
        DurationSeconds: seconds,
        ...(until !== undefined && { Policy: JSON.stringify(endingAt(until)) }),
        Tags: [
          { Key: "tenant", Value: tenant },
          ...(kms_key_arn === undefined ? [] : [{ Key: "kms-key", Value: kms_key_arn }]),
        ],
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined || !Expiration)
      throw new Error("STS answered without credentials.");
    return {
      access_key_id: AccessKeyId,
      secret_access_key: SecretAccessKey,
      session_token: SessionToken,
      expires_at: [Expiration.toISOString(), ...(until === undefined ? [] : [until])].toSorted()[0]!,
      bucket,
      prefix,
      region,
      kms_key_arn: kms_key_arn ?? null,
    };
  },
});
