import { production } from "./settings";

/** Tenants' files, `tenants/tenant-<slug>/…`. */
export const tenantBucket = new sst.aws.Bucket("TenantData", { versioning: production });

/** Usage events as received (`archive/`) and those set aside (`quarantine/`). */
export const usageBucket = new sst.aws.Bucket("UsageArchive", {
  lifecycle: [{ id: "archive", prefix: "archive/", expiresIn: "400 days" }],
});
