import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { errorList, type ProgramError } from "./engine/errors.ts";
import { recordingMonitor } from "./engine/monitor.ts";
import { loadPulumi } from "./engine/pulumi.ts";
import type { Facts } from "./facts.ts";
import type { GraphResource } from "./graph.ts";

/**
 * A stand-in for the `pulumi` command that `sst` drives. It runs the program that sst bundled (the shipped components on
 * the shipped SDK), answers each resource as AWS would, records it, and reports back in the files that sst reads: the
 * event log and the checkpoint.
 */

/** What the engine leaves for the process that ran `sst`. */
export type Capture = {
  readonly project: string;
  readonly stage: string;
  readonly region: string;
  readonly outputs: Record<string, unknown>;
  readonly resources: readonly GraphResource[];
  readonly errors: readonly ProgramError[];
};

const version = "v3.215.0";
const workdir = process.cwd(); // the program changes it
const [command, ...argv] = process.argv.slice(2);

const flag = (name: string): string => {
  const value = argv[argv.indexOf(name) + 1];
  if (!argv.includes(name) || value === undefined) throw new Error(`pulumi ${command}: ${name} is missing`);
  return value;
};

const writeCheckpoint = (stackReference: string, resources: readonly object[]): void => {
  const [, project, stage] = stackReference.split("/");
  const file = join(workdir, ".pulumi", "stacks", String(project), `${stage}.json`);
  const manifest = { time: new Date().toISOString(), magic: "", version };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    JSON.stringify({ version: 3, checkpoint: { stack: "", latest: { manifest, resources, metadata: {} } } }),
  );
};

const configOf = (): Record<string, string> => {
  const config: Record<string, string> = {};
  for (const [index, argument] of argv.entries()) {
    if (argument !== "--config") continue;
    const [key = "", ...value] = (argv[index + 1] ?? "").split("=");
    config[key] = value.join("=");
  }
  return config;
};

const up = async (): Promise<void> => {
  const stackReference = flag("--stack");
  const eventLog = flag("--event-log");
  const [, project = "", stage = ""] = stackReference.split("/");
  const program = /^main: (.*)$/m.exec(readFileSync("Pulumi.yaml", "utf8"))?.[1];
  if (program === undefined) throw new Error("pulumi: Pulumi.yaml names no program");
  const config = configOf();
  const told = JSON.parse(readFileSync(process.env["LOCAL_CLOUD_FACTS"] ?? "", "utf8")) as Facts;
  const facts: Facts = { ...told, region: config["aws:region"] ?? told.region };

  const pulumi = loadPulumi(program);
  const errors = errorList();
  const { monitor, resources } = recordingMonitor({ pulumi, facts, project, stack: stage, onError: errors.add });
  pulumi.setMonitor(monitor, project, stage);
  pulumi.setAllConfig(config, []);
  process.on("uncaughtException", errors.add);
  process.on("unhandledRejection", errors.add);

  let outputs: Record<string, unknown> | undefined;
  // Only when nothing is left to wait for are all registrations in, or will the program never settle.
  process.once("beforeExit", () => {
    const pending = pulumi.pending();
    if (errors.list.length === 0 && (outputs === undefined || pending.count > 0)) {
      const who = pending.resources.length === 0 ? "it" : pending.resources.join(", ");
      errors.add(`The program never completed: ${who} waits for a promise or an output that nothing resolves.`);
    }
    const at = Math.floor(Date.now() / 1000);
    const events = [
      ...errors.list.map(({ stack }) => ({ diagnosticEvent: { message: stack, color: "never", severity: "error" } })),
      { summaryEvent: { maybeCorrupt: false, durationSeconds: 0, resourceChanges: {}, PolicyPacks: {} } },
    ];
    appendFileSync(
      eventLog,
      events.map((e, sequence) => JSON.stringify({ sequence, timestamp: at, ...e }) + "\n").join(""),
    );
    const captured = resources();
    writeCheckpoint(
      stackReference,
      captured.map(({ urn, type, inputs, outputs: out }) => ({ urn, type, custom: false, inputs, outputs: out })),
    );
    const capture: Capture = {
      project,
      stage,
      region: facts.region,
      outputs: outputs ?? {},
      resources: captured,
      errors: errors.list,
    };
    writeFileSync(process.env["LOCAL_CLOUD_CAPTURE"] ?? "", JSON.stringify(capture), { mode: 0o600 });
    process.exitCode = errors.list.length === 0 ? 0 : 255;
  });

  try {
    const result = await pulumi.runInStack(async () => (await import(pathToFileURL(program).href)).default);
    outputs = ((await pulumi.resolve(result)) ?? {}) as Record<string, unknown>;
  } catch (error) {
    errors.add(error);
  }
};

// A deployment that is given up takes `sst` with it, and `sst` leaves its engine behind.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(255), 200).unref();

if (command === "version") process.stdout.write(`${version}\n`);
else if (command === "stack" && argv[0] === "init") writeCheckpoint(argv[1] ?? "", []);
else if (command === "preview" || command === "up") await up();
else {
  process.stderr.write(`pulumi: the embedded cloud's engine has no command "${command}"\n`);
  process.exitCode = 255;
}
