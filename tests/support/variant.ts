import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "rolldown";
import { root } from "./app.ts";

/** A change of the source: in this file, exactly this text, and what stands there instead. */
export type Cut = { readonly file: string; readonly from: string; readonly to?: string };

/**
 * Bundles the entry with one change of the source, the libraries' included, and imports it.
 *
 * @throws Error when the text does not stand there exactly once, so that a check cannot leave this list unnoticed.
 */
export const variantOf = async <Module>(entry: string, cut?: Cut): Promise<Module> => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-variant-"));
  const start = join(root, "functions/variant.ts");
  let found = cut === undefined;
  const { output } = await build({
    cwd: root,
    input: start,
    write: false,
    platform: "node",
    logLevel: "silent",
    transform: { target: "node24" },
    external: ["pg-native"],
    output: { format: "esm", codeSplitting: false },
    plugins: [
      {
        name: "cut",
        resolveId: (id) => (id === start ? id : undefined),
        load: (id) => (id === start ? entry : undefined),
        transform(code, id) {
          if (cut === undefined || relative(root, id) !== cut.file) return undefined;
          const parts = code.split(cut.from);
          if (parts.length !== 2) throw new Error(`${cut.file} has it ${parts.length - 1} times: ${cut.from}`);
          found = true;
          return parts.join(cut.to ?? "");
        },
      },
    ],
  });
  if (!found) throw new Error(`${cut?.file} is not part of it.`);
  const file = join(folder, "variant.mjs");
  writeFileSync(file, output[0].code);
  try {
    return (await import(pathToFileURL(file).href)) as Module;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
