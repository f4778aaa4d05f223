import { meterUsage, type MeterOutcome, type MeterUsagePorts } from "./meter-usage.ts";
import type { IncomingRecord, RejectedRecord } from "./ports.ts";

/** Counts records outside of the stream, by the consumer's own verb, and hands back those that it would set aside. */
export const meterAgain =
  (ports: Omit<MeterUsagePorts, "quarantine">) =>
  async (
    records: readonly IncomingRecord[],
  ): Promise<{ readonly outcome: MeterOutcome; readonly rejected: readonly RejectedRecord[] }> => {
    const rejected: RejectedRecord[] = [];
    const quarantine = {
      put: async (found: readonly RejectedRecord[]) => {
        rejected.push(...found);
        return 0;
      },
    };
    const outcome = await meterUsage({ ...ports, quarantine })(records);
    return { outcome, rejected };
  };
