// What runs inside a function's worker: Lambda's Node.js runtime in small. It is plain JavaScript because every cold start
// loads it, and stripping types in each new thread costs 25 ms.
import fs from "node:fs";
import { enableCompileCache, SourceMap } from "node:module";
import path from "node:path";
import tls from "node:tls";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { cutOff, runFor, workOfThis } from "./invocations.mjs";
import { watchStatements } from "./statements.mjs";

/** @type {import("./environment.ts").Boot} */
const boot = workerData;
const started = performance.now();
const MAX_RESPONSE_BYTES = 6_291_556;
const TAIL_BYTES = 4096;

/** @type {import("./environment.ts").Job | null} */
let current = null;
/** @type {import("./invocations.mjs").Work | null} */
let work = null;
let begun = 0;
let initDuration = 0;
let tail = "";

// Lines are written at once and in order, so that nothing is lost when the thread is terminated.
const log = fs.openSync(boot.logFile, "a");
const write = (text) => {
  if (workOfThis()?.cut) return;
  if (current?.tail) tail = (tail + text).slice(-TAIL_BYTES);
  fs.writeSync(log, text);
};
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, encoding, callback) => {
    write(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) queueMicrotask(done);
    return true;
  };
}
const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
for (const [method, level] of Object.entries(levels)) {
  console[method] = (...values) =>
    write(`${new Date().toISOString()}\t${current?.id ?? "undefined"}\t${level}\t${format(...values)}\n`);
}

// Stacks show the sources. A map is read when the first stack of its file is: most workers never need theirs, and reading
// it costs more than loading the code, which is why `--enable-source-maps` is not used.
const maps = new Map();
const mapOf = (file) => {
  if (!maps.has(file)) {
    let map = null;
    try {
      map = new SourceMap(JSON.parse(fs.readFileSync(`${fileURLToPath(file)}.map`, "utf8")));
    } catch {
      // Without a map the stack shows the bundle.
    }
    maps.set(file, map);
  }
  return maps.get(file);
};
const showFrame = (frame) => {
  const text = String(frame);
  const file = frame.getFileName();
  if (!file?.startsWith("file:")) return text;
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (!entry?.originalSource) return text;
  const source = entry.originalSource.replace(/^(?:\.\.\/)+/, "");
  return text.replace(`${file}:${line}:${column}`, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
};
Error.prepareStackTrace = (error, frames) =>
  [Error.prototype.toString.call(error), ...frames.map((frame) => `    at ${showFrame(frame)}`)].join("\n");

const describe = (error) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

const report = () => {
  const duration = performance.now() - begun;
  const memory = Math.ceil(getHeapStatistics().used_heap_size / 1024 / 1024);
  const init = initDuration > 0 ? `Init Duration: ${initDuration.toFixed(2)} ms\t` : "";
  initDuration = 0;
  write(
    `END RequestId: ${current.id}\nREPORT RequestId: ${current.id}\tDuration: ${duration.toFixed(2)} ms\t` +
      `Billed Duration: ${Math.ceil(duration)} ms\tMemory Size: ${boot.memory} MB\tMax Memory Used: ${memory} MB\t${init}\n`,
  );
};

const finish = (job, outcome) => {
  // A handler that answers twice, or after its invocation has ended, is not heard.
  if (current !== job) return;
  if (outcome.error)
    write(`${new Date().toISOString()}\t${job.id}\tERROR\tInvoke Error\t${JSON.stringify(outcome.error)}\n`);
  report();
  const said = tail;
  current = null;
  tail = "";
  parentPort.postMessage({ type: "done", id: job.id, tail: said, ...outcome });
};

const succeed = (job, value) => {
  let payload;
  try {
    payload = JSON.stringify(value) ?? "null";
  } catch (error) {
    const errorMessage = `Unable to stringify response body: ${error instanceof Error ? error.message : String(error)}`;
    finish(job, { error: { errorType: "Runtime.MarshalError", errorMessage, trace: [] } });
    return;
  }
  if (payload.length > MAX_RESPONSE_BYTES / 4 && Buffer.byteLength(payload) > MAX_RESPONSE_BYTES) {
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
    finish(job, { error: { errorType: "Function.ResponseSizeTooLarge", errorMessage } });
    return;
  }
  finish(job, { payload });
};

const fail = (job, error) => finish(job, { error: describe(error) });

const contextOf = (job, callback) => ({
  awsRequestId: job.id,
  functionName: boot.name,
  functionVersion: "$LATEST",
  invokedFunctionArn: boot.arn,
  memoryLimitInMB: String(boot.memory),
  logGroupName: boot.logGroup,
  logStreamName: boot.logStream,
  callbackWaitsForEmptyEventLoop: true,
  clientContext: undefined,
  identity: undefined,
  getRemainingTimeInMillis: () => Math.max(0, job.deadline - Date.now()),
  done: callback,
  succeed: (value) => callback(null, value),
  fail: (error) => callback(error ?? new Error("Unknown")),
});

const run = (handler, job) => {
  current = job;
  work = { cut: false, sockets: new Set() };
  begun = performance.now();
  write(`START RequestId: ${job.id} Version: $LATEST\n`);
  const callback = (error, value) => {
    if (error === undefined || error === null) succeed(job, value);
    else fail(job, error);
  };
  try {
    const result = runFor(work, () => handler(JSON.parse(job.payload), contextOf(job, callback), callback));
    if (typeof result?.then === "function") {
      result.then(
        (value) => succeed(job, value),
        (error) => fail(job, error),
      );
    } else if (handler.length < 3) succeed(job, result);
  } catch (error) {
    fail(job, error);
  }
};

/** What it runs now ends here, without a word. */
const cut = (id) => {
  if (current?.id === id) {
    cutOff(work);
    current = null;
    tail = "";
  }
  parentPort.postMessage({ type: "cut" });
};

// An invocation that breaks outside its handler's promise ends with that error, and the thread with it.
const crash = (error) => {
  write(
    `${new Date().toISOString()}\t${current?.id ?? "undefined"}\tERROR\t${error.errorType}\t${JSON.stringify(error)}\n`,
  );
  if (current) report();
  parentPort.postMessage({ type: "crashed", error });
};
process.on("unhandledRejection", (reason) => {
  const cause = describe(reason);
  const errorMessage = reason instanceof Error ? `${cause.errorType}: ${cause.errorMessage}` : cause.errorMessage;
  crash({ errorType: "Runtime.UnhandledPromiseRejection", errorMessage, trace: cause.trace });
});
process.on("uncaughtException", (error) => crash(describe(error)));

/** `folder/module.export.path` → the exported function. */
const load = async () => {
  const folder = path.dirname(boot.handler);
  const [module = "", ...names] = path.basename(boot.handler).split(".");
  const file = [".mjs", ".js", ".cjs"]
    .map((extension) => path.join(boot.folder, folder, module + extension))
    .find((candidate) => fs.existsSync(candidate));
  if (!file) {
    throw Object.assign(new Error(`Cannot find module '${path.join(folder, module)}'`), {
      name: "Runtime.ImportModuleError",
    });
  }
  const imported = await import(pathToFileURL(file).href);
  const find = (root) => names.reduce((value, name) => value?.[name], root);
  const handler = find(imported) ?? find(imported.default);
  if (typeof handler !== "function") {
    throw Object.assign(new Error(`${boot.handler} is undefined or not exported`), { name: "Runtime.HandlerNotFound" });
  }
  return handler;
};

try {
  if (boot.compileCache) enableCompileCache(boot.compileCache);
  // NODE_EXTRA_CA_CERTS is read once per process, so a thread that asks for more authorities is given them here.
  if (boot.extraCa && fs.existsSync(boot.extraCa)) {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), fs.readFileSync(boot.extraCa, "utf8")]);
  }
  if (boot.statements) watchStatements(boot.statements);
  const handler = await load();
  initDuration = performance.now() - started;
  parentPort.on("message", (message) => (message.cut === undefined ? run(handler, message) : cut(message.cut)));
  parentPort.postMessage({ type: "ready" });
} catch (error) {
  const described = describe(error);
  write(`${new Date().toISOString()}\tundefined\tERROR\tInit Error\t${JSON.stringify(described)}\n`);
  parentPort.postMessage({ type: "broken", error: described });
}
