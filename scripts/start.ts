/** Runs the whole app on this machine until it is told to stop. */
import { styleText } from "node:util";
import { type Cloud, startCloud } from "@tenantry/local-cloud/cloud";
import { DeployError } from "@tenantry/local-cloud/deploy/failure";
import { StartError } from "@tenantry/local-cloud/start-error";
import { adminEmail, ensureAdmin } from "./admin.ts";
import { banner } from "./banner.ts";
import { root, startHelp, startOptions, UsageError } from "./options.ts";
import { type Ready, removeReady, writeReady } from "./ready.ts";
import { watchSources } from "./watch.ts";

type Options = ReturnType<typeof startOptions>;

// What the person who deploys to AWS puts into the environment.
const settings = {
  PLATFORM_ADMIN_EMAIL: adminEmail,
  MAIL_SENDER: "no-reply@example.com",
  WEBHOOK_ALLOWED_HOSTS: process.env["WEBHOOK_ALLOWED_HOSTS"] ?? "",
  SSO_ALLOWED_HOSTS: process.env["SSO_ALLOWED_HOSTS"] ?? "",
  TENANT_LIMITS: process.env["TENANT_LIMITS"] ?? "",
  ROTATION_DAYS: process.env["ROTATION_DAYS"] ?? "",
  NAMESPACE_DRIVER: process.env["NAMESPACE_DRIVER"] ?? "",
  GITOPS_REPOSITORY: process.env["GITOPS_REPOSITORY"] ?? "",
  GITOPS_BRANCH: process.env["GITOPS_BRANCH"] ?? "",
  GITOPS_SECRET: process.env["GITOPS_SECRET"] ?? "",
  ALARM_EMAIL: process.env["ALARM_EMAIL"] ?? "",
  BILLING_EXPORTS: process.env["BILLING_EXPORTS"] ?? "",
  BILLING_GRACE_DAYS: process.env["BILLING_GRACE_DAYS"] ?? "",
  TASK_SECONDS: process.env["TASK_SECONDS"] ?? "",
  LONGEST_RETRY_DELAY: process.env["LONGEST_RETRY_DELAY"] ?? "",
};

const progress = (line: string): void => void process.stderr.write(`${styleText("dim", `· ${line}`)}\n`);

/** Says why it did not work: what a person can mend in its own words, anything else with where to look. */
const explain = (error: unknown, data: string): string => {
  if (error instanceof StartError || error instanceof UsageError || error instanceof DeployError) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${text}\nThe cloud's own log is in ${data}/logs/cloud.log.`;
};

const readyOf = (cloud: Cloud, admin: Ready["admin"]): Ready => {
  const output = (name: string): string => {
    const value = cloud.graph().outputs[name];
    if (typeof value !== "string") throw new Error(`sst.config.ts returns no output named ${name}.`);
    return value;
  };
  return {
    api_url: cloud.host.apiUrl,
    aws_endpoint_url: cloud.host.endpoint,
    region: cloud.host.region,
    user_pool_id: output("userPool"),
    client_id: output("userPoolClient"),
    usage_stream: output("usageStream"),
    rebuild_state_machine: output("rebuildUsage"),
    task_status_url: output("taskStatus"),
    data: cloud.host.data,
    admin,
  };
};

const redeploy = async (cloud: Cloud, files: readonly string[]): Promise<void> => {
  const own = files.filter((file) => file.startsWith("packages/local-cloud/"));
  if (own.length > 0) progress(`${own.join(", ")} changed: the embedded cloud itself needs a restart`);
  if (own.length === files.length) return;
  progress(`Changed: ${files.filter((file) => !own.includes(file)).join(", ")}`);
  const began = performance.now();
  try {
    const { resources } = await cloud.redeploy();
    const functions = resources.filter(({ type }) => type === "aws:lambda/function:Function").length;
    progress(`Deployed again, ${functions} functions, in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    process.stderr.write(`${explain(error, cloud.host.data)}\n`);
    progress("The earlier deployment goes on serving");
  }
};

/** Resolves with the first signal to stop; a later one ends the process at once. */
const stopSignal = (onSignal: () => void): void => {
  let first = 0;
  const handle = (): void => {
    // npm and the terminal both pass Ctrl-C on, so the same one may come twice.
    if (first !== 0 && Date.now() - first > 500) process.exit(130);
    if (first !== 0) return;
    first = Date.now();
    onSignal();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handle);
  // Who reads us may die first: a write then fails, and there is nobody left to run for.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", handle);
};

const main = async (options: Options): Promise<void> => {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopSignal(() => {
      progress("Stopping");
      stopping.abort();
      resolve();
    });
  });
  const begin = startCloud({
    data: options.data,
    port: options.port,
    app: root,
    env: settings,
    fresh: options.fresh,
    onProgress: progress,
    signal: stopping.signal,
  });
  const cloud = await begin.catch((error: unknown) => {
    if (stopping.signal.aborted) process.exit(130);
    throw error;
  });
  let unwatch: (() => void) | undefined;
  try {
    const { userPool } = cloud.graph().outputs;
    const admin = await ensureAdmin(options.data, { ...cloud.host, userPoolId: String(userPool) });
    const ready = readyOf(cloud, admin);
    const { data, isDefaultData, watch } = options;
    const seconds = performance.now() / 1000; // since the process began
    writeReady(data, ready);
    process.stdout.write(banner({ ready, data, isDefaultData, seconds, watch }));
    if (watch) unwatch = watchSources(root, (files) => redeploy(cloud, files));
    await stopped;
  } finally {
    unwatch?.();
    removeReady(options.data);
    await cloud.close();
  }
};

let data = "";
try {
  const options = startOptions(process.argv.slice(2));
  data = options.data;
  if (options.help) process.stdout.write(startHelp);
  else {
    await main(options);
    process.exit(0);
  }
} catch (error) {
  process.stderr.write(`${explain(error, data)}\n`);
  process.exit(1);
}
