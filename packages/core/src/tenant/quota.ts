import { type TierName, tierNames, tiers, type Tier } from "./tier.ts";

/** Something of which a region, a pool or a server holds only so much. */
type Quota = {
  /** For people: `Aurora clusters`. */
  readonly title: string;
  /** How much there is unless the operator says otherwise. */
  readonly limit: number;
  /** How much of it the platform takes for itself, whatever tenants there are. */
  readonly platform: number;
  /** How much a tenant of the tier takes. */
  readonly each: (tier: Tier) => number;
};

/**
 * What onboarding may run out of. The limits are AWS's defaults for a region, which AWS raises on request; where AWS has
 * none they are ours.
 *
 * - `user_pools`: 1,000 a region. https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 * - `app_clients`: 1,000 in a pool; bridge tenants have theirs in the shared one. Same page.
 * - `db_clusters`: 40 Aurora clusters a region. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
 * - `kms_keys`: 100,000 a region. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
 * - `secrets`: 500,000 a region. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 * - `pod_identities`: 5,000 associations a cluster. https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 * - `namespaces`: 10,000 a cluster is what Kubernetes is tested with.
 *   https://github.com/kubernetes/community/blob/master/sig-scalability/configs-and-limits/thresholds.md
 * - `api_keys`: 10,000 a region, which AWS does not raise (docs/rate-limits.md).
 *   https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 * - `databases`, `database_roles`: PostgreSQL sets no limit; these are how many the shared server is to carry. A login is two
 *   roles, as rotation has them take turns.
 */
export const quotas = {
  user_pools: quota("Cognito user pools", 1000, 1, ({ identity }) => Number(identity === "silo")),
  app_clients: quota("app clients of the shared user pool", 1000, 1, ({ identity }) => Number(identity === "bridge")),
  db_clusters: quota("Aurora clusters", 40, 1, ({ database }) => Number(database === "silo")),
  kms_keys: quota("KMS keys", 100_000, 0, ({ storage }) => Number(storage === "silo")),
  secrets: quota("secrets", 500_000, 10, ({ database }) => (database === "silo" ? 2 : 1)),
  pod_identities: quota("EKS Pod Identity associations", 5000, 0, () => 1),
  namespaces: quota("Kubernetes namespaces", 10_000, 10, () => 1),
  api_keys: quota("API Gateway API keys", 10_000, 2, () => 1),
  databases: quota("databases on the shared server", 1000, 3, ({ database }) => Number(database === "bridge")),
  database_roles: quota("roles on the shared server", 20_000, 10, ({ database }) => (database === "silo" ? 0 : 2)),
} as const satisfies Record<string, Quota>;
export type QuotaName = keyof typeof quotas;
export const quotaNames = Object.keys(quotas) as [QuotaName, ...QuotaName[]];

function quota(title: string, limit: number, platform: number, each: (tier: Tier) => number): Quota {
  return { title, limit, platform, each };
}

/** What is counted: of each quota how much tenants take, and how many tenants of each tier there are. */
export type Counter = QuotaName | `${TierName}_tenants`;
export const counters: readonly Counter[] = [...quotaNames, ...tierNames.map((tier) => `${tier}_tenants` as const)];
export type QuotaUse = Readonly<Partial<Record<Counter, number>>>;

/** The operator's limits, in place of those above; and how many tenants of a tier there may be, which has no limit else. */
export type QuotaLimits = Readonly<Partial<Record<Counter, number>>>;

/** What a tenant takes: `amount` more, where tenants may then have `most` in all. */
export type Claim = readonly { readonly counter: Counter; readonly amount: number; readonly most: number }[];

/** What a tenant of a tier takes, for as long as anything of it may stand. */
export const claimOf = (tier: TierName, limits: QuotaLimits): Claim => [
  ...quotaNames.flatMap((counter) => {
    const { limit, platform, each } = quotas[counter];
    const amount = each(tiers[tier]);
    return amount === 0 ? [] : [{ counter, amount, most: (limits[counter] ?? limit) - platform }];
  }),
  { counter: `${tier}_tenants`, amount: 1, most: limits[`${tier}_tenants`] ?? Number.MAX_SAFE_INTEGER },
];

/** For people, of each counter that has no room for the claim: what it is and how much of it is taken. */
export const shortages = (tier: TierName, limits: QuotaLimits, use: QuotaUse): string[] =>
  claimOf(tier, limits).flatMap(({ counter, amount, most }) => {
    const taken = use[counter] ?? 0;
    if (taken + amount <= most) return [];
    if (counter === `${tier}_tenants`) return [`the tier ${tier} has room for ${most} tenants, and ${taken} take it`];
    const { title } = quotas[counter as QuotaName];
    return [`the tier ${tier} needs ${amount} more of the ${title}, of which tenants take ${taken} of ${most}`];
  });
