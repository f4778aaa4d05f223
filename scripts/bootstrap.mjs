// Runs one of the project's scripts after installing what it needs. It stands on nothing but Node itself, in a syntax that
// old versions can read as well: whoever has too old a Node is to be told so, and not shown a syntax error.
import { spawn, spawnSync } from "child_process";
import { createHash } from "crypto";
import fs from "fs";
import path from "path";
import { fileURLToPath } from "url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const modules = path.join(root, "node_modules");
const stamp = path.join(modules, ".installed-lockfile");
const oldest = 20;

const scripts = {
  start: { file: "scripts/start.ts", install: true },
  test: { file: "scripts/verify.ts", install: true },
  token: { file: "scripts/token.ts", install: false },
};

const fail = (line) => {
  process.stderr.write(line + "\n");
  process.exit(1);
};

const say = (line) => process.stderr.write(line + "\n");

const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : "");

const lockfileHash = () =>
  createHash("sha256")
    .update(fs.readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");

/** Runs a command quietly, says every ten seconds that it still runs, and shows its output only if it fails. */
const run = (command, args, failure) =>
  new Promise((resolve) => {
    const began = Date.now();
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    const timer = setInterval(() => say("  … " + Math.round((Date.now() - began) / 1000) + " s"), 10000);
    const stop = (signal) => child.kill(signal);
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    const end = (reason) => {
      clearInterval(timer);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      if (reason === null) return resolve(undefined);
      process.stderr.write(output);
      return fail(failure + " (" + reason + ").");
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => end(code === 0 ? null : signal || "exit code " + code));
  });

/** The same npm that runs this script, if one does. */
const npm = () => {
  const cli = process.env.npm_execpath;
  return cli && /npm-cli\.(c?js)$/.test(cli) ? [process.execPath, cli] : ["npm"];
};

const installPackages = async () => {
  const wanted = lockfileHash();
  // The second file is npm's own note of what it has finished installing.
  if (read(stamp) === wanted && fs.existsSync(path.join(modules, ".package-lock.json"))) return;
  say(
    fs.existsSync(modules)
      ? "Updating the packages (the lockfile changed)"
      : "Installing the packages (once, about a minute)",
  );
  const [command, ...args] = npm();
  const failure = "The packages could not be installed: see npm's message above";
  // Not `npm ci`: it refuses a lockfile without the optional packages of every other platform, which npm leaves out when
  // the registry has none for them. This takes the same versions from the lockfile and does not write to it.
  await run(command, [...args, "install", "--no-save", "--loglevel=error", "--no-audit", "--no-fund"], failure);
  fs.writeFileSync(stamp, wanted);
};

const works = (node) => {
  const probe = spawnSync(node, ["--version"], { encoding: "utf8" });
  return probe.status === 0 && Number(probe.stdout.slice(1).split(".")[0]) >= 24;
};

/** Node 24 from the packages, or the one that runs this if it is new enough. */
const findNode = () => {
  const installed = path.join(modules, ".bin", "node");
  if (fs.existsSync(installed) && works(installed)) return installed;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  return fail(
    "Node 24 is missing from node_modules: remove node_modules and run this again, with npm's install scripts allowed.",
  );
};

const installPlatform = async (node) => {
  const wanted = JSON.parse(read(path.join(modules, "sst/package.json"))).version;
  if (
    read(path.join(root, ".sst/platform/version")) === wanted &&
    fs.existsSync(path.join(root, ".sst/provider-lock.json"))
  )
    return;
  say("Installing the SST platform (once, about a minute, 320 MB)");
  await run(
    node,
    [path.join(root, "scripts/platform.ts")],
    "The SST platform could not be installed: see the message above",
  );
};

/** Hands over to the script: its output, its exit code, and every signal. */
const hand = (node, file, args) => {
  const child = spawn(node, [path.join(root, file), ...args], { cwd: root, stdio: "inherit" });
  const pass = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
  // npm runs this through a shell that dies of SIGTERM without passing it on.
  const parent = process.ppid;
  const orphaned = () => process.ppid !== parent && pass("SIGTERM");
  const watch = process.env.npm_lifecycle_event ? setInterval(orphaned, 500) : undefined;
  child.on("error", (error) => fail(error.message));
  child.on("close", (code, signal) => {
    clearInterval(watch);
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, pass);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code === null ? 1 : code);
  });
};

const main = async () => {
  const version = process.versions.node;
  if (Number(version.split(".")[0]) < oldest)
    fail("Tenantry needs Node " + oldest + " or newer; this is Node " + version + ".");
  const [name, ...args] = process.argv.slice(2);
  const script = Object.prototype.hasOwnProperty.call(scripts, name) ? scripts[name] : undefined;
  if (!script) return fail("Usage: node scripts/bootstrap.mjs " + Object.keys(scripts).join("|") + " [options]");
  // Asking for help, or for a token of a cloud that must be running anyway, installs nothing.
  if (!script.install) {
    if (!fs.existsSync(stamp) && !fs.existsSync(modules)) fail("Nothing is installed yet: run npm start first.");
    return hand(findNode(), script.file, args);
  }
  await installPackages();
  const node = findNode();
  await installPlatform(node);
  return hand(node, script.file, args);
};

main().catch((error) => fail(error.message));
