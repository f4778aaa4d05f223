import type { Clock, Registry } from "../ports.ts";
import { dayMs } from "./accept.ts";

export type SamplePorts = {
  readonly registry: Pick<Registry, "listTenants">;
  /** Starts a rebuild under a name; one that runs or ran under it already is no error. */
  readonly start: (name: string, job: { tenant_id: string; from: string; to: string }) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
};

/** Starts rebuilds of the two days before yesterday for so many tenants, drawn anew each day. Returns their ids. */
export const sampleRebuilds =
  ({ registry, start, clock, random }: SamplePorts) =>
  async (size: number): Promise<string[]> => {
    const drawn: string[] = [];
    let seen = 0;
    let after: string | null = null;
    do {
      const page = await registry.listTenants({ status: "active" }, { limit: 100, after });
      for (const { id } of page.items) {
        // Each of the tenants is as likely as any, and their number need not be known.
        if (seen++ < size) drawn.push(id);
        else {
          const place = Math.floor(random() * seen);
          if (place < size) drawn[place] = id;
        }
      }
      after = page.next;
    } while (after !== null);
    const today = Math.floor(clock().getTime() / dayMs) * dayMs;
    const date = (at: number) => new Date(at).toISOString();
    const name = (tenantId: string) => `sample-${date(today).slice(0, 10)}-${tenantId}`;
    const [from, to] = [date(today - 3 * dayMs), date(today - dayMs)];
    await Promise.all(drawn.map((tenant_id) => start(name(tenant_id), { tenant_id, from, to })));
    return drawn;
  };
