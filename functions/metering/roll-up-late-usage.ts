import { latePeriodOf } from "@tenantry/aws/usage-late";
import { rollUpLate } from "@tenantry/core/usage/roll-up-late";
import { changes } from "@tenantry/lambda/changes";
import { ports } from "./roll-up-app.ts";

export const handler = changes("roll-up-late-usage", latePeriodOf, rollUpLate(ports));
