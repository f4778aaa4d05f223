import type { Tenant } from "../tenant/tenant.ts";
import type { Mail } from "./ports.ts";
import type { WelcomeValue } from "./welcome-template.ts";

/** The owner's welcome: what goes into the template. A tenant's name is whatever somebody typed. */
export const welcomeMail = (tenant: Tenant): Mail => {
  const values: Record<WelcomeValue, string> = {
    name: oneLine(tenant.name),
    tier: capitalized(tenant.tier),
    region: tenant.config.region,
    features: capitalized(tenant.config.features.map(spoken).join(", ") || "none"),
    tenant_id: tenant.id,
  };
  const escaped = Object.entries(values).map(([name, value]) => [`${name}_html`, escape(value)] as const);
  return { to: tenant.owner.email, values: { ...values, ...Object.fromEntries(escaped) } };
};

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `api-access` as people write it. */
const spoken = (feature: string): string =>
  feature.replaceAll("-", " ").replaceAll(/\b(?:api|sso)\b/g, (word) => word.toUpperCase());

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]!);

/** A line break in a subject would begin another header. */
const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
