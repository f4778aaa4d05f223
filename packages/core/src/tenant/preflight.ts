import type { Registry, Reservation } from "../ports.ts";
import { type FieldError, Problem, type ProblemCode } from "../problem.ts";
import type { RegisterTenant } from "./register.ts";
import { type TierName, tiers } from "./tier.ts";

/** How many tenants of a tier may stand at once. A tier that is not named has no limit. */
export type TenantLimits = Readonly<Partial<Record<TierName, number>>>;

/** A reason against a registration. What is wrong in itself has no code of its own; a conflict has. */
type Reason = { readonly conflict?: ProblemCode; readonly error: FieldError };

/**
 * Looks for everything that stands against a registration before anything changes. What it finds free may be taken a
 * moment later: the registration itself is conditional, and AWS has its own quotas.
 *
 * @throws Problem `invalid-request` when the request is wrong in itself, else `tenant-exists` or `quota-used-up`; with all
 *   reasons in `errors`.
 */
export const preflight = async (
  registry: Pick<Registry, "countTenants">,
  limits: TenantLimits,
  input: RegisterTenant,
  {
    slug,
    holder,
    email,
  }: { readonly slug: string; readonly holder: Reservation | null; readonly email: string | undefined },
): Promise<void> => {
  const limit = limits[input.tier];
  const count = limit === undefined ? 0 : await registry.countTenants(input.tier, limit);
  const reasons: Reason[] = [
    ...featureReasons(input),
    ...(email === undefined
      ? [{ error: { pointer: "/owner", detail: "is required, as your token carries no e-mail address" } }]
      : []),
    ...(holder === null
      ? []
      : [{ conflict: "tenant-exists" as const, error: { pointer: "/name", detail: slugTaken(slug, holder) } }]),
    ...(limit === undefined || count < limit
      ? []
      : [{ conflict: "quota-used-up" as const, error: { pointer: "/tier", detail: used(input.tier, limit) } }]),
  ];
  const [first] = reasons;
  if (first === undefined) return;
  const code = reasons.some(({ conflict }) => conflict === undefined) ? "invalid-request" : first.conflict!;
  const errors = reasons.map(({ error }) => error);
  throw new Problem(code, summary(errors), { errors });
};

const featureReasons = ({ tier, config }: RegisterTenant): Reason[] => {
  const offered: readonly string[] = tiers[tier].features;
  return config.features.flatMap((feature, at) =>
    offered.includes(feature)
      ? []
      : [{ error: { pointer: `/config/features/${at}`, detail: `${feature} is not part of the tier ${tier}` } }],
  );
};

const slugTaken = (slug: string, holder: Reservation): string =>
  `the slug ${slug} belongs to the tenant ${holder.tenant_id}; its onboarding is the operation ${holder.operation_id}`;

const used = (tier: TierName, limit: number): string =>
  `the tier ${tier} has room for ${limit} tenants, and so many stand`;

const summary = (errors: readonly FieldError[]): string =>
  errors.length === 1 ? `${errors[0]!.pointer} ${errors[0]!.detail}.` : `${errors.length} reasons stand against it.`;
