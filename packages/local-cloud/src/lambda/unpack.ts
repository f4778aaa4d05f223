import { access, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { unzipSync } from "fflate";

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/**
 * Unpacks a zip into `folder` once: it appears whole or not at all. Source maps, which sst keeps out of the zip, are
 * laid beside the code.
 * @throws Error when an entry would land outside of the folder.
 */
export const unpack = async (zip: string, folder: string, sourceMaps: readonly string[] = []): Promise<void> => {
  if (await exists(folder)) return;
  const staging = `${folder}.${process.pid}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  for (const [name, data] of Object.entries(unzipSync(await readFile(zip)))) {
    const file = resolve(staging, name);
    if (relative(staging, file).startsWith("..")) throw new Error(`${zip} has an entry outside of its folder: ${name}`);
    if (name.endsWith("/")) continue;
    // One file after the other: a zip of a bundle has three.
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, data);
  }
  await Promise.all(sourceMaps.map((file) => copyFile(file, join(staging, basename(file))).catch(() => undefined)));
  await rename(staging, folder);
};
