import { type Feature, features } from "./offer.ts";

/** How a plane is shared: pool (one for all), bridge (own database on a shared server), silo (own everything). */
export const isolations = ["pool", "bridge", "silo"] as const;
export type Isolation = (typeof isolations)[number];

export type Tier = {
  readonly database: Isolation;
  /** Pool: a folder under the bucket's key; silo: a folder under a key of its own. */
  readonly storage: Isolation;
  /** Pool: the shared user pool and its client; bridge: a client of its own in it; silo: a user pool of its own. */
  readonly identity: Isolation;
  readonly compute: "shared" | "dedicated";
  /** What may be switched on for a tenant of this tier. */
  readonly features: readonly Feature[];
  /** Kubernetes ResourceQuota of the tenant's namespace, in Kubernetes quantities. */
  readonly quota: { readonly cpu: string; readonly memory: string; readonly pods: number };
  /** Of the API, all the tenant's users and keys together. */
  readonly requests: RequestLimits;
};

/** A token bucket that holds `burst` and is filled with `rate` a second, and a count of the UTC day. */
export type RequestLimits = { readonly rate: number; readonly burst: number; readonly perDay: number };

/** Tiers as data. What each isolates follows the table in docs/architecture.md. */
export const tiers = {
  trial: {
    database: "pool",
    storage: "pool",
    identity: "pool",
    compute: "shared",
    features: ["analytics"],
    quota: { cpu: "500m", memory: "1Gi", pods: 5 },
    requests: { rate: 25, burst: 50, perDay: 50_000 },
  },
  standard: {
    database: "pool",
    storage: "pool",
    identity: "pool",
    compute: "shared",
    features: ["analytics", "api-access", "webhooks"],
    quota: { cpu: "2", memory: "4Gi", pods: 20 },
    requests: { rate: 200, burst: 400, perDay: 2_000_000 },
  },
  business: {
    database: "bridge",
    storage: "pool",
    identity: "bridge",
    compute: "shared",
    features: ["analytics", "api-access", "audit-export", "sso", "webhooks"],
    quota: { cpu: "4", memory: "8Gi", pods: 40 },
    requests: { rate: 500, burst: 1000, perDay: 10_000_000 },
  },
  premium: {
    database: "silo",
    storage: "silo",
    identity: "silo",
    compute: "dedicated",
    features: features,
    quota: { cpu: "16", memory: "32Gi", pods: 100 },
    requests: { rate: 1000, burst: 2000, perDay: 40_000_000 },
  },
} as const satisfies Record<string, Tier>;

/** Of the users without an organisation, who may look at their sessions and invitations, and of tenants without a key: all together. */
export const sharedRequests: RequestLimits = { rate: 50, burst: 100, perDay: 500_000 };

export type TierName = keyof typeof tiers;
export const tierNames = Object.keys(tiers) as [TierName, ...TierName[]];
