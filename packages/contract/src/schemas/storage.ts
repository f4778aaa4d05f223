import { credentialSeconds } from "@tenantry/core/storage/create-storage-credentials";
import { Instant } from "@tenantry/core/time";
import { z } from "zod";
import { instantExample } from "./common.ts";

const { least, most } = credentialSeconds;

export const CreateStorageCredentialsBody = z
  .strictObject({ duration_seconds: z.int().min(least).max(most).default(most) })
  .meta({
    id: "CreateStorageCredentials",
    description: `For how long, from ${least} to ${most} seconds; ${most} if not given.`,
    example: { duration_seconds: least },
  });

export const StorageCredentials = z
  .strictObject({
    access_key_id: z.string(),
    secret_access_key: z.string(),
    session_token: z.string(),
    expires_at: Instant,
    bucket: z.string(),
    prefix: z.string().meta({ description: "Keys that begin so can be listed, read, written and deleted." }),
    region: z.string(),
    kms_key_arn: z
      .string()
      .nullable()
      .meta({
        description:
          "Where the tenant has a key of its own, what is written must name it: " +
          "`x-amz-server-side-encryption: aws:kms` and this ARN as `x-amz-server-side-encryption-aws-kms-key-id`.",
      }),
  })
  .meta({
    id: "StorageCredentials",
    description: "AWS credentials for a tenant's folder. Any SDK takes them.",
    example: {
      access_key_id: "ASIAQEXAMPLEEXAMPLE0",
      secret_access_key: "(secret)",
      session_token: "(secret)",
      expires_at: instantExample,
      bucket: "tenantry-production-tenantdata",
      prefix: "tenants/tenant-acme-corp/",
      region: "us-east-1",
      kms_key_arn: null,
    },
  });
