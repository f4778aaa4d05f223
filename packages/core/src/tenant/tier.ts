/** How a plane is shared: pool (one for all), bridge (own database on a shared server), silo (own everything). */
export const isolations = ["pool", "bridge", "silo"] as const;
export type Isolation = (typeof isolations)[number];

export type Tier = {
  readonly database: Isolation;
  readonly compute: "shared" | "dedicated";
  /** Kubernetes ResourceQuota of the tenant's namespace, in Kubernetes quantities. */
  readonly quota: { readonly cpu: string; readonly memory: string; readonly pods: number };
};

/** Tiers as data. What each isolates follows the table in docs/architecture.md. */
export const tiers = {
  trial: { database: "pool", compute: "shared", quota: { cpu: "500m", memory: "1Gi", pods: 5 } },
  standard: { database: "pool", compute: "shared", quota: { cpu: "2", memory: "4Gi", pods: 20 } },
  business: { database: "bridge", compute: "shared", quota: { cpu: "4", memory: "8Gi", pods: 40 } },
  premium: { database: "silo", compute: "dedicated", quota: { cpu: "16", memory: "32Gi", pods: 100 } },
} as const satisfies Record<string, Tier>;

export type TierName = keyof typeof tiers;
export const tierNames = Object.keys(tiers) as [TierName, ...TierName[]];
