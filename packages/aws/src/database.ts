import type { Databases } from "@tenantry/core/provisioning/ports";
import { planeNames } from "@tenantry/core/provisioning/names";
import { tiers } from "@tenantry/core/tenant/tier";
import { ensureOwn, releaseOwn } from "./database-own.ts";
import { ensurePooled, poolDatabase, releasePooled } from "./database-pool.ts";
import type { DatabaseServer } from "./database-server.ts";
import type { SiloClusters } from "./silo-cluster.ts";
import type { TenantSecrets } from "./tenant-secrets.ts";

/**
 * Databases of tenants on PostgreSQL 16 or later: a login to the shared one (pool), an own one on the shared server
 * (bridge), or an own one on an own cluster (silo).
 */
export const postgresDatabases = (shared: DatabaseServer, secrets: TenantSecrets, silos: SiloClusters): Databases => ({
  async ensure({ isolation, ...asked }) {
    if (isolation === "pool") {
      const secret_arn = await ensurePooled(shared, secrets, asked);
      const { host, port } = shared;
      return { isolation, host, port, name: poolDatabase, role: asked.role, secret_arn };
    }
    const { name, role } = asked;
    if (isolation === "bridge") {
      const secret_arn = await ensureOwn(shared, secrets, asked);
      return { isolation, host: shared.host, port: shared.port, name, role, secret_arn };
    }
    const { identifier, host, port, masterArn } = await silos.ensure(asked.tenantId);
    const silo = { ...shared, host, port, masterArn, admin: () => secrets.admin(masterArn) };
    const secret_arn = await ensureOwn(silo, secrets, asked);
    return { isolation, host, port, name, role, secret_arn, cluster_identifier: identifier };
  },

  async release({ id, slug, tier }) {
    const { database } = planeNames(slug);
    const ours = { tenantId: id, name: database, role: database };
    const isolation = tiers[tier].database;
    if (isolation === "pool") await releasePooled(shared, ours);
    else if (isolation === "bridge") await releaseOwn(shared, ours);
    else await silos.release(id);
    // Last: as long as something is left of the database, whoever goes on needs the credentials.
    await secrets.remove(id);
  },
});
