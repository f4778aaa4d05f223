import { watchQuotas } from "@tenantry/core/entitlement/watch";
import { tenantOfUsage } from "@tenantry/aws/usage-subject";
import { bySubject } from "@tenantry/lambda/change-groups";
import { ports } from "./watch-app.ts";

export const handler = bySubject("watch-quotas", tenantOfUsage, watchQuotas(ports));
