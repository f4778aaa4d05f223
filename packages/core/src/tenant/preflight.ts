import type { Registry, Reservation } from "../ports.ts";
import { type FieldError, Problem, type ProblemCode } from "../problem.ts";
import { features, regions } from "./offer.ts";
import { type QuotaLimits, shortages } from "./quota.ts";
import type { RegisterTenant } from "./register.ts";
import { TenantConfig } from "./tenant.ts";
import { type TierName, tiers } from "./tier.ts";

/** A reason against a registration. What is wrong in itself has no code of its own; a conflict has. */
type Reason = { readonly conflict?: ProblemCode; readonly error: FieldError };

/**
 * Looks for everything that stands against a registration before anything changes: region, features, owner, slug and
 * quotas. What it finds free may be taken a moment later, so the registration is conditional on slug and quotas itself.
 *
 * @throws Problem `invalid-request` when the request is wrong in itself, else `tenant-exists` or `quota-used-up`; with all
 *   reasons in `errors`.
 */
export const preflight = async (
  registry: Pick<Registry, "quotaUse">,
  limits: QuotaLimits,
  input: RegisterTenant,
  {
    slug,
    holder,
    email,
  }: { readonly slug: string; readonly holder: Reservation | null; readonly email: string | undefined },
): Promise<TenantConfig> => {
  refuse([
    ...offerReasons(input.tier, input.config),
    ...(email === undefined
      ? [{ error: { pointer: "/owner", detail: "is required, as your token carries no e-mail address" } }]
      : []),
    ...(holder === null
      ? []
      : [{ conflict: "tenant-exists" as const, error: { pointer: "/name", detail: slugTaken(slug, holder) } }]),
    ...(await quotaReasons(registry, limits, input.tier, "/tier")),
  ]);
  return TenantConfig.parse(input.config);
};

/**
 * The same for another attempt of an onboarding: what its tier offers and what there is room for may have changed since.
 *
 * @throws Problem `quota-used-up` or `state-conflict`, with all reasons in `errors`.
 */
export const preflightAgain = async (
  registry: Pick<Registry, "quotaUse">,
  limits: QuotaLimits,
  { tier, config }: { readonly tier: TierName; readonly config: TenantConfig },
): Promise<void> =>
  refuse([
    ...offerReasons(tier, config).map(({ error }) => ({ conflict: "state-conflict" as const, error })),
    ...(await quotaReasons(registry, limits, tier, "/tier")),
  ]);

/** @throws Problem with all reasons, if there are any. */
const refuse = (reasons: readonly Reason[]): void => {
  const [first] = reasons;
  if (first === undefined) return;
  const code = reasons.some(({ conflict }) => conflict === undefined) ? "invalid-request" : first.conflict!;
  const errors = reasons.map(({ error }) => error);
  throw new Problem(code, summary(errors), { errors });
};

const offerReasons = (tier: TierName, config: RegisterTenant["config"]): Reason[] => {
  const [known, offered]: readonly (readonly string[])[] = [features, tiers[tier].features];
  const region = (regions as readonly string[]).includes(config.region)
    ? []
    : [{ error: { pointer: "/config/region", detail: `must be one of ${regions.join(", ")}` } }];
  const unfit = config.features.flatMap((feature, at) => {
    const pointer = `/config/features/${at}`;
    if (!known!.includes(feature)) return [{ error: { pointer, detail: `must be one of ${features.join(", ")}` } }];
    return offered!.includes(feature)
      ? []
      : [{ error: { pointer, detail: `${feature} is not part of the tier ${tier}` } }];
  });
  return [...region, ...unfit];
};

const quotaReasons = async (
  registry: Pick<Registry, "quotaUse">,
  limits: QuotaLimits,
  tier: TierName,
  pointer: string,
): Promise<Reason[]> =>
  shortages(tier, limits, await registry.quotaUse()).map((detail) => ({
    conflict: "quota-used-up",
    error: { pointer, detail },
  }));

const slugTaken = (slug: string, holder: Reservation): string =>
  `the slug ${slug} belongs to the tenant ${holder.tenant_id}; its onboarding is the operation ${holder.operation_id}`;

const summary = (errors: readonly FieldError[]): string =>
  errors.length === 1 ? `${errors[0]!.pointer} ${errors[0]!.detail}.` : `${errors.length} reasons stand against it.`;
