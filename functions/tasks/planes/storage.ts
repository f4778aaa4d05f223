import { setting } from "@tenantry/aws/config";
import { tenantKeys } from "@tenantry/aws/kms";
import { bucketStorage } from "@tenantry/aws/storage";

export const storage = bucketStorage(setting("TENANT_BUCKET"), tenantKeys(setting("TENANT_KEY_ALIAS")));
