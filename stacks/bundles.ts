import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type * as Esbuild from "esbuild";

const { root } = $cli.paths;
const out = join(root, ".sst/bundles");

/**
 * The source files of all functions by name: those that export a handler.
 * @throws Error where two have one name
 */
const sources = (): Record<string, string> => {
  const named: Record<string, string> = {};
  for (const entry of readdirSync(join(root, "functions"), { recursive: true, encoding: "utf8" })) {
    const file = join("functions", entry);
    if (!file.endsWith(".ts") || !readFileSync(join(root, file), "utf8").includes("export const handler")) continue;
    const name = basename(file, ".ts");
    if (named[name] !== undefined) throw new Error(`${named[name]} and ${file} would be one function.`);
    named[name] = file;
  }
  return named;
};

/**
 * Bundles all functions at once. The component would bundle them one by one, and read the SDK anew for each: this takes a
 * second where that took ten. What several functions share becomes a chunk, and each gets the chunks it needs.
 *
 * @returns the folder of each function's bundle, by its source file
 */
const bundle = async (): Promise<ReadonlyMap<string, string>> => {
  rmSync(out, { recursive: true, force: true });
  // Not imported: the configuration is itself bundled, and a bundler that is bundled does not find its program.
  const { build } = createRequire(join(root, "package.json"))("esbuild") as typeof Esbuild;
  const { outputs } = (
    await build({
      entryPoints: sources(),
      absWorkingDir: root,
      outdir: join(out, "all"),
      outExtension: { ".js": ".mjs" },
      metafile: true,
      bundle: true,
      splitting: true,
      minify: true,
      keepNames: true,
      platform: "node",
      format: "esm",
      target: "node24",
      mainFields: ["module", "main"],
      external: ["pg-native"],
      // Packages in the old format ask for Node's own modules by `require`.
      banner: {
        js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
      },
      logLevel: "error",
    })
  ).metafile;

  const withChunks = (file: string, found = new Set<string>()): Set<string> => {
    if (found.has(file)) return found;
    found.add(file);
    for (const { path, external } of outputs[file]?.imports ?? []) if (external !== true) withChunks(path, found);
    return found;
  };
  return new Map(
    Object.entries(outputs).flatMap(([file, { entryPoint }]) => {
      if (entryPoint === undefined) return [];
      const folder = join(out, basename(file, ".mjs"));
      mkdirSync(folder);
      for (const each of withChunks(file)) linkSync(join(root, each), join(folder, basename(each)));
      return [[entryPoint, folder]];
    }),
  );
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
