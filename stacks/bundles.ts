import { linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type * as Rolldown from "rolldown";
import { bundleInput, bundleOutput } from "./bundle-options";

const { root } = $cli.paths;
const out = join(root, ".sst/bundles");

/** Functions that every request or connection waits for: each is one small file that shares nothing. */
const alone = ["authorizer", "authorize", "connect"];

/** Code that so large a part of the functions use lies in one file, which a function that uses any of it carries whole. */
const parts = [0.8, 0.5, 0.25];

/**
 * The source files of all functions by name: those that export a handler.
 * @throws Error where two have one name
 */
const sources = (): Map<string, string> => {
  const named = new Map<string, string>();
  for (const entry of readdirSync(join(root, "functions"), { recursive: true, encoding: "utf8" })) {
    const file = join("functions", entry);
    if (!file.endsWith(".ts") || !readFileSync(join(root, file), "utf8").includes("export const handler")) continue;
    const name = basename(file, ".ts");
    if (named.has(name)) throw new Error(`${named.get(name)} and ${file} would be one function.`);
    named.set(name, file);
  }
  return named;
};

/** Bundles some functions together, each into a folder that holds its own code and the chunks that it reaches. */
const bundleTogether = async (functions: ReadonlyMap<string, string>, to: string): Promise<void> => {
  // Not imported: the configuration is itself bundled, and a bundler that is bundled does not find its program.
  const { build } = createRequire(join(root, "package.json"))("rolldown") as typeof Rolldown;
  const { output } = await build({
    cwd: root,
    input: Object.fromEntries(functions),
    ...bundleInput,
    output: {
      dir: to,
      ...bundleOutput,
      chunkFileNames: "[name]-[hash].mjs",
      codeSplitting: {
        // What is loaded on demand stays apart.
        groups: parts.map((part, index) => ({
          name: "shared",
          tags: ["$initial"],
          minShareCount: Math.max(2, Math.ceil(functions.size * part)),
          priority: parts.length - index,
        })),
      },
    },
  });
  const chunks = new Map(output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])));
  const withChunks = (file: string, found = new Set<string>()): Set<string> => {
    const chunk = chunks.get(file);
    if (chunk === undefined || found.has(file)) return found;
    found.add(file);
    for (const each of [...chunk.imports, ...chunk.dynamicImports]) withChunks(each, found);
    return found;
  };
  for (const name of functions.keys()) {
    const folder = join(out, name);
    mkdirSync(folder);
    for (const file of withChunks(`${name}.mjs`)) linkSync(join(to, file), join(folder, file));
  }
};

/**
 * Bundles all functions at once. The component would bundle them one by one, and read the SDK anew for each: this takes a
 * second where that took ten. Code that many functions share lies in a few large files, as a zip of many small ones takes
 * long to write.
 *
 * @returns the folder of each function's bundle, by its source file
 */
const bundle = async (): Promise<ReadonlyMap<string, string>> => {
  await rm(out, { recursive: true, force: true });
  mkdirSync(out);
  const all = sources();
  const together = new Map(all);
  for (const name of alone) {
    const file = together.get(name);
    if (file === undefined) throw new Error(`There is no function named ${name}.`);
    together.delete(name);
    await bundleTogether(new Map([[name, file]]), join(out, `.${name}`));
  }
  await bundleTogether(together, join(out, ".all"));
  return new Map(Array.from(all, ([name, file]) => [file, join(out, name)]));
};

const bundles = $dev ? undefined : bundle();

/**
 * Where a function's bundle lies, and its handler there. `sst dev` runs functions from their sources, which the component
 * bundles itself. A promise, so that all else is declared while the bundler works.
 *
 * @param handler `functions/api/get-tenant.handler`
 */
export const bundled = async (handler: string): Promise<{ readonly handler: string; readonly bundle?: string }> => {
  if (bundles === undefined) return { handler };
  const source = handler.replace(/\.\w+$/, ".ts");
  const folder = (await bundles).get(source);
  if (folder === undefined) throw new Error(`${source} exports no handler.`);
  return { handler: basename(handler), bundle: folder };
};
