/** Rebuilds a tenant's usage from the archive by the deployed state machine, and says whether it is what is kept. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { defaultData } from "./options.ts";
import { readReady } from "./ready.ts";

const help = `npm run usage:rebuild -- --tenant <id> --from <date> --to <date> [--full]

Rebuilds what a tenant used from the archive and compares it with what is kept, hour by hour and byte by byte. Ends
with 0 when all is equal and with 1 otherwise.

  --tenant         the tenant's id
  --from, --to     dates or instants, UTC; --to is exclusive
  --full           read every hour in which events could have arrived: 35 days after each
  --data           the folder of the local cloud that runs
  --state-machine  the ARN of a deployed RebuildUsageMachine; takes AWS credentials from the environment
`;

const hour = (name: string, text: string | undefined): string => {
  const at = Date.parse(text ?? "");
  if (Number.isNaN(at)) throw new Error(`--${name} must be a date or an instant, such as 2026-11-20.`);
  if (at % 3_600_000 !== 0) throw new Error(`--${name} must be a whole hour.`);
  return new Date(at).toISOString();
};

type Outcome = {
  events: number;
  chunks: number;
  differences: number;
  unsettled: number;
  in_doubt: number;
  reports: string[];
};

const main = async (): Promise<number> => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      tenant: text,
      from: text,
      to: text,
      data: text,
      "state-machine": text,
      full: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (!/^ten_[0-9A-HJKMNP-TV-Z]{26}$/.test(values.tenant ?? "")) throw new Error("--tenant must be a tenant's id.");
  const [from, to] = [hour("from", values.from), hour("to", values.to)];
  if (from >= to) throw new Error("--to must come after --from.");

  const remote = values["state-machine"];
  const ready = remote === undefined ? readReady(values.data ?? defaultData) : undefined;
  const local = ready && {
    endpoint: ready.aws_endpoint_url,
    region: ready.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const sfn = new SFNClient(local ?? {});
  const input = JSON.stringify({ tenant_id: values.tenant, from, to, full: values.full });
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: remote ?? ready?.rebuild_state_machine, input }),
  );
  for (;;) {
    const { status, output, error, cause } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status === "RUNNING") {
      await sleep(500);
      continue;
    }
    if (status !== "SUCCEEDED" && error !== "UsageDiffers") throw new Error(`The rebuild ${status}: ${error} ${cause}`);
    const outcome = JSON.parse(output ?? cause ?? "") as Outcome;
    const { events, chunks, differences, unsettled, in_doubt: doubts, reports } = outcome;
    process.stdout.write(
      `Events: ${events}, chunks of an hour: ${chunks}, ${differences === 0 ? "equal" : `${differences} differ`}.\n`,
    );
    if (unsettled > 0) process.stdout.write(`${unsettled} more changed meanwhile: ask again.\n`);
    if (doubts > 0) process.stdout.write(`${doubts} quarantined records may have been counted: redrive them first.\n`);
    for (const report of reports) process.stdout.write(`${report}\n`);
    return differences === 0 ? 0 : 1;
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
