import { readFile } from "node:fs/promises";

/** A file that the stacks copy beside the bundle of a function. */
export const readAsset = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");
