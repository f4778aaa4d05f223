import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ready } from "./app.ts";

/** Everything that was logged by functions, engines and the cloud itself, by file. */
export const logsOf = ({ data }: Ready): ReadonlyMap<string, string> => {
  const folder = join(data, "logs");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), "utf8")]));
};

/** Where any of these texts was logged, as `<file>: <what>`, by their names so that a failing test logs none either. */
export const logged = (ready: Ready, secrets: Readonly<Record<string, string>>): string[] =>
  [...logsOf(ready)].flatMap(([file, text]) =>
    Object.entries(secrets).flatMap(([what, secret]) => {
      if (secret.length < 12) throw new Error(`${what} is too short to be looked for.`);
      return text.includes(secret) ? [`${file}: ${what}`] : [];
    }),
  );
