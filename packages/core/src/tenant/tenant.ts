import { z } from "zod";
import { TenantId } from "../ids.ts";
import { Instant } from "../time.ts";
import { features, regions } from "./offer.ts";
import { isolations, tierNames } from "./tier.ts";

export const tenantStatuses = [
  "registered",
  "provisioning",
  "active",
  "suspended",
  "frozen",
  "failed",
  "offboarding",
  "deleted",
] as const;
export const TenantStatus = z.enum(tenantStatuses);
export type TenantStatus = z.infer<typeof TenantStatus>;

export const TenantConfig = z.strictObject({
  region: z.enum(regions),
  features: z.array(z.enum(features)),
});
export type TenantConfig = z.infer<typeof TenantConfig>;

/** What onboarding made for the tenant, plane by plane. Names and addresses only: credentials stay in Secrets Manager. */
export const TenantResources = z.strictObject({
  database: z
    .strictObject({
      isolation: z.enum(isolations),
      host: z.string(),
      port: z.int(),
      name: z.string(),
      role: z.string(),
      /** Secrets Manager: `{username, password, host, port, dbname}`. */
      secret_arn: z.string(),
      /** Of a silo only: the Aurora cluster. */
      cluster_identifier: z.string().optional(),
    })
    .optional(),
  storage: z
    .strictObject({
      bucket: z.string(),
      prefix: z.string(),
      objects: z.array(z.string()),
      /** Of a silo only: the KMS key under which its objects are encrypted. */
      kms_key_arn: z.string().optional(),
    })
    .optional(),
  identity: z
    .strictObject({
      user_pool_id: z.string(),
      /** The app client that the tenant's users sign in with, where it has its own. */
      client_id: z.string().optional(),
      owner_user_id: z.string(),
      owner_email: z.string(),
      /** The API Gateway API key that the tenant's requests are counted under: its id, which is no credential. */
      usage_key_id: z.string().optional(),
    })
    .optional(),
  namespace: z
    .strictObject({
      cluster: z.string(),
      name: z.string(),
      objects: z.array(z.string()),
      /** What gives the tenant's pods their role: the id of an EKS Pod Identity association. */
      pod_identity_association: z.string().optional(),
      /** The commit that asked for these objects, where Argo CD applies them. */
      git_commit: z.string().optional(),
    })
    .optional(),
});
export type TenantResources = z.infer<typeof TenantResources>;

export const Tenant = z.strictObject({
  id: TenantId,
  /** Unique. Lower-case letters, digits and hyphens; `tenant-<slug>` names the namespace and the storage prefix. */
  slug: z.string(),
  name: z.string(),
  tier: z.enum(tierNames),
  status: TenantStatus,
  config: TenantConfig,
  owner: z.strictObject({ email: z.string() }),
  resources: TenantResources,
  created_at: Instant,
  updated_at: Instant,
});
export type Tenant = z.infer<typeof Tenant>;
