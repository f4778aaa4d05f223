/** Where a tenant's data may live: AWS regions on offer, the default first. */
export const regions = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "eu-west-1",
  "eu-central-1",
  "ap-northeast-1",
  "ap-southeast-2",
] as const;
export type Region = (typeof regions)[number];

/** What can be switched on for a tenant. */
export const features = ["analytics", "api-access", "audit-export", "custom-domain", "sso", "webhooks"] as const;
export type Feature = (typeof features)[number];
