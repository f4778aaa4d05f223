/**
 * The value of a tenant's API Gateway API key, by which its requests are counted: 20 to 128 letters and digits, unique
 * in the account and region. It opens nothing, as the gateway takes it from the authorizer alone; made of the tenant's
 * id, two runs at once can make one key only.
 */
export const usageKeyOf = (tenantId: string): string => tenantId.replaceAll(/[^A-Za-z0-9]/g, "");
