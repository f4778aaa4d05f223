import type { Clock, Page, Registry } from "../ports.ts";
import type { Tenant, TenantStatus } from "../tenant/tenant.ts";
import { hourMs } from "../usage/accept.ts";
import { concurrently } from "../usage/concurrently.ts";
import { type Outgoing, pack } from "./pack.ts";
import type { UsageSink } from "./submit-usage.ts";

/** How much a tenant keeps in one plane, in bytes; 0 where it has nothing there. */
export interface Scale {
  bytes(tenant: Tenant): Promise<number>;
}

export type SampleStoragePorts = {
  readonly registry: Pick<Registry, "listTenants">;
  readonly files: Scale;
  readonly databases: Scale;
  readonly sink: UsageSink;
  readonly clock: Clock;
};

export type Sampled = { readonly sampled: number; readonly errors: readonly unknown[] };

/** Who keeps something. */
const kept = ["active", "suspended", "frozen"] as const satisfies TenantStatus[];

const width = 8;

/** A gigabyte is 10⁹ bytes; six decimals of it are a thousand bytes. */
const gigabytes = (bytes: number): number => Math.round(bytes / 1000) / 1e6;

/**
 * Weighs what each tenant keeps and sends it as a sample of `storage_gb`: files and database together, at the start of
 * the hour. The id says which hour, so that a run that is repeated within it adds nothing. A tenant that cannot be
 * weighed gets no sample, keeps nobody else from one, and is told in `errors`.
 */
export const sampleStorage = (ports: SampleStoragePorts) => async (): Promise<Sampled> => {
  const hour = new Date(Math.floor(ports.clock().getTime() / hourMs) * hourMs).toISOString();
  const errors: unknown[] = [];
  let sampled = 0;
  for (const status of kept) {
    let after: string | null = null;
    do {
      const page: Page<Tenant> = await ports.registry.listTenants({ status }, { limit: 100, after });
      const events: Outgoing[] = [];
      const failures = await concurrently(page.items, width, async (tenant) => {
        const [files, database] = await Promise.all([ports.files.bytes(tenant), ports.databases.bytes(tenant)]);
        const event = {
          id: `storage-${hour}`,
          tenant_id: tenant.id,
          metric: "storage_gb",
          value: gigabytes(files + database),
          timestamp: hour,
        };
        events.push({ index: events.length, tenantId: tenant.id, text: JSON.stringify(event) });
      });
      errors.push(...failures.map(({ error }) => error));
      const taken = await ports.sink.put(pack(events));
      const lost = taken.filter((one) => !one).length;
      if (lost > 0) errors.push(new Error(`The stream did not take ${lost} samples.`));
      sampled += events.length - lost;
      after = page.next;
    } while (after !== null);
  }
  return { sampled, errors };
};
