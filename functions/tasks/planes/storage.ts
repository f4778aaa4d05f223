import { setting } from "@tenantry/aws/config";
import { bucketStorage } from "@tenantry/aws/storage";

export const storage = bucketStorage(setting("TENANT_BUCKET"));
