import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** `TENANT#ten_…` holds a tenant's hours, `USERS#ten_…#meter` its users by hour. */
const counted = /^(?:TENANT|USERS)#(ten_[0-9A-Z]{26})(?:#|$)/;

/** Whose usage an item of the Usage table counts, by its keys; undefined for other items. */
export const tenantOfUsage = (keys: Readonly<Record<string, AttributeValue | { readonly S?: string | undefined }>>) =>
  counted.exec(keys["pk"]?.S ?? "")?.[1];
