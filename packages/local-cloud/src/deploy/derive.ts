import { createHmac } from "node:crypto";

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const upper = lower.toUpperCase();
const special = "!@#$%&*()-_=+[]{}<>:?";

/** Values that look random and are the same at each start of one installation. */
export type Derive = {
  bytes(purpose: string, length: number): Buffer;
  hex(purpose: string, length: number): string;
  /** Characters of `alphabet`, by default lower-case letters and digits. */
  chars(purpose: string, length: number, alphabet?: string): string;
  /** In the form of a version 4 UUID. */
  uuid(purpose: string): string;
};

/** Derives from the installation's seed and the URN of one resource. */
export const derive = (seed: string, urn: string): Derive => {
  const bytes = (purpose: string, length: number): Buffer => {
    const blocks: Buffer[] = [];
    for (let block = 0; block * 32 < length; block++)
      blocks.push(createHmac("sha256", Buffer.from(seed, "hex")).update(`${urn}\0${purpose}\0${block}`).digest());
    return Buffer.concat(blocks).subarray(0, length);
  };
  const hex = (purpose: string, length: number): string =>
    bytes(purpose, Math.ceil(length / 2))
      .toString("hex")
      .slice(0, length);
  const chars = (purpose: string, length: number, alphabet = lower + digits): string => {
    // Two bytes for each character keep the bias of the remainder below one in a thousand.
    const source = bytes(purpose, length * 2);
    return Array.from({ length }, (_, i) => alphabet[source.readUInt16BE(i * 2) % alphabet.length]).join("");
  };
  const uuid = (purpose: string): string => {
    const id = bytes(purpose, 16);
    id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
    id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
    return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  return { bytes, hex, chars, uuid };
};

/** The options of Terraform's `random_password` that shape the result. */
export type PasswordRules = {
  readonly length: number;
  readonly lower?: boolean;
  readonly upper?: boolean;
  readonly numeric?: boolean;
  readonly number?: boolean;
  readonly special?: boolean;
  readonly overrideSpecial?: string;
  readonly minLower?: number;
  readonly minUpper?: number;
  readonly minNumeric?: number;
  readonly minSpecial?: number;
};

/** A password as `random_password` makes it: the least number of each class, the rest of all of them, shuffled. */
export const password = (from: Derive, rules: PasswordRules): string => {
  const classes = [
    { use: rules.lower ?? true, alphabet: lower, least: rules.minLower ?? 0 },
    { use: rules.upper ?? true, alphabet: upper, least: rules.minUpper ?? 0 },
    { use: rules.numeric ?? rules.number ?? true, alphabet: digits, least: rules.minNumeric ?? 0 },
    { use: rules.special ?? true, alphabet: rules.overrideSpecial || special, least: rules.minSpecial ?? 0 },
  ].filter(({ use }) => use);
  const required = classes.map(({ alphabet, least }, i) => from.chars(`class ${i}`, least, alphabet)).join("");
  const rest = from.chars("rest", Math.max(0, rules.length - required.length), classes.map((c) => c.alphabet).join(""));
  const order = from.bytes("order", rules.length * 4);
  return Array.from(required + rest, (character, i) => ({ character, at: order.readUInt32BE(i * 4) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ character }) => character)
    .join("");
};
