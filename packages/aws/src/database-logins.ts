import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { RotatedLogins } from "@tenantry/core/rotation/ports";
import type { ConnectionOptions } from "node:tls";
import { escapeIdentifier, escapeLiteral } from "pg";
import { newPassword } from "./database-own.ts";
import { ensureTwin, isTwin, markOf, ownerMark, ownerOf, roles, tenantIn, twinOf } from "./database-roles.ts";
import { asAdmin, connected, type DatabaseServer, lockTenant } from "./database-server.ts";
import { scramVerifier } from "./scram.ts";
import type { DatabaseCredentials, Login } from "./tenant-secrets.ts";

/**
 * The logins of tenants and of pooled services, each of them two roles: the one that owns what is made, and a twin that
 * logs in and becomes it at once. `admin` reads the login of a server's administrator, by the ARN of its secret.
 */
export const databaseLogins = (
  admin: (masterArn: string) => Promise<Login>,
  tls?: Pick<ConnectionOptions, "ca">,
): RotatedLogins<DatabaseCredentials> => {
  const serverOf = ({ host, port, masterarn }: DatabaseCredentials): DatabaseServer => ({
    host,
    port,
    masterArn: masterarn,
    admin: () => admin(masterarn),
    ...(tls === undefined ? {} : { tls }),
  });
  return {
    next: (current) => ({ ...current, username: twinOf(current.username), password: newPassword() }),
    sameLogin: (one, other) => one.username === other.username,

    set: (login) =>
      asAdmin(serverOf(login), "postgres", async (client) => {
        const role = ownerOf(login.username);
        const found = await markOf(client, role);
        const tenantId = tenantIn(found);
        if (role !== roles.services && tenantId === null) throw noRole(role);
        // A release waits, or is waited for; then there is nothing left to rotate.
        await lockTenant(client, tenantId ?? role);
        if ((await markOf(client, role)) !== found) throw noRole(role);
        const { password } = login;
        if (isTwin(login.username)) await ensureTwin(client, { role, mark: found ?? ownerMark("services"), password });
        else
          await client.query(
            `ALTER ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`,
          );
      }),

    test: (login) =>
      connected(serverOf(login), login, async (client) => {
        const role = ownerOf(login.username);
        const { rows } = await client.query<{ role: string; id: string | null }>(
          "SELECT current_user AS role, tenancy.tenant_id() AS id",
        );
        const tenantId = tenantIn(await markOf(client, role));
        if (rows[0]?.role !== role || rows[0].id !== tenantId)
          throw new ProvisioningError("PoolUnsafe", `The login ${login.username} does not see what is the tenant's.`);
      }),
  };
};

const noRole = (role: string): ProvisioningError =>
  new ProvisioningError("PlaneMissing", `There is no login ${role} of a tenant's on the database server.`);
