import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";

export type Call = {
  readonly service: string;
  readonly action: string | null;
  readonly invocation: string;
  readonly payload: string;
};

/** The gateway's faults and its record of calls. */
export const gatewayOf = (ready: Ready) => {
  const faults = (method: string, body?: object, about = ""): Promise<string> =>
    ask(ready, "faults", `/_faults${about === "" ? "" : `?invocation=${about}`}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  /** Nothing befalls the tenant by it, but what was held until there is a rule for it goes on. */
  const inert = (tenantId: string) => ({ service: "none", kind: "delay", invocation: [tenantId] });
  const hitsOf = async (tenantId: string): Promise<number[]> => {
    const known = JSON.parse(await faults("GET", undefined, tenantId)) as { faults: { hits: number }[] };
    return known.faults.slice(0, -1).map(({ hits }) => hits);
  };
  let recordings = 0;

  return {
    /**
     * Rules follow a tenant's id, which is known only once its onboarding has begun: its first step waits for them.
     */
    async hold(): Promise<void> {
      const { faults: known } = JSON.parse(await faults("GET")) as { faults: { kind: string }[] };
      if (known.some(({ kind }) => kind === "hold")) return;
      await faults("POST", {
        service: "dynamodb",
        kind: "hold",
        invocation: ['"step":"ValidateTenant"'],
        delayMs: 20_000,
      });
    },
    /** Lets these rules befall the tenant, in place of those before. */
    async befall(tenantId: string, rules: readonly object[]): Promise<void> {
      await faults("DELETE", undefined, tenantId);
      await faults("POST", [...rules, inert(tenantId)]);
    },
    hitsOf,
    spare: (tenantId: string) => faults("DELETE", undefined, tenantId),
    clear: () => faults("DELETE"),
    /** Writes down all calls as long as somebody wants them. */
    async recording<T>(run: () => Promise<T>): Promise<T> {
      if ((recordings += 1) === 1) await ask(ready, "faults", "/_calls", { method: "POST" });
      try {
        return await run();
      } finally {
        if ((recordings -= 1) === 0) await ask(ready, "faults", "/_calls", { method: "DELETE" });
      }
    },
    async callsOf(tenantId: string): Promise<Call[]> {
      return (JSON.parse(await ask(ready, "faults", `/_calls?match=${tenantId}`)) as { calls: Call[] }).calls;
    },
  };
};
