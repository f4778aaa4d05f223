import { slugLength } from "../tenant/slug.ts";
import { ProvisioningError } from "./errors.ts";

/** A DNS label. With `tenant-` in front it is at most 63 long, which PostgreSQL allows for an identifier too. */
const lawful = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** Names of everything made for the tenant with this slug. Different slugs never share a name, as a slug has no underscore. */
export type PlaneNames = {
  /** Namespace and folder: `tenant-acme-corp`. */
  readonly namespace: string;
  /** `tenants/tenant-acme-corp/`. */
  readonly prefix: string;
  /** Database and its owner role: `tenant_acme_corp`. */
  readonly database: string;
};

/** @throws ProvisioningError `SlugUnlawful` for a slug that is no DNS label or too long for one. */
export const planeNames = (slug: string): PlaneNames => {
  if (slug.length > slugLength || !lawful.test(slug))
    throw new ProvisioningError(
      "SlugUnlawful",
      `The slug ${JSON.stringify(slug.slice(0, 80))} cannot name a namespace, a database and a folder.`,
    );
  return {
    namespace: `tenant-${slug}`,
    prefix: `tenants/tenant-${slug}/`,
    // `tenant_app` is the role of pooled services; no other slug ends in an underscore.
    database: slug === "app" ? "tenant_app_" : `tenant_${slug.replaceAll("-", "_")}`,
  };
};
