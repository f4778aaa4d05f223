import { randomBytes, randomInt, scrypt, type ScryptOptions, timingSafeEqual } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { PasswordPolicy, PoolSettings } from "./model.ts";

/** About 50 ms and 16 MB a guess. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const LENGTH = 32;

/** Off the main thread. */
const derive = (password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, LENGTH, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });

export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
};

export const verifyPassword = async (password: string, stored: string): Promise<boolean> => {
  const [, N, r, p, salt = "", hash = ""] = stored.split("$");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, "base64url"), cost);
  return timingSafeEqual(actual, Buffer.from(hash, "base64url"));
};

/** As much work as a real check: an answer's time does not tell whether a user exists. */
export const wasteACheck = async (password: string): Promise<void> => {
  await derive(password, randomBytes(16), COST);
};

/** What Cognito takes when a pool sets no policy. */
const DEFAULT: PasswordPolicy = {
  MinimumLength: 8,
  RequireUppercase: true,
  RequireLowercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
};

export const policyOf = (settings: PoolSettings): PasswordPolicy => settings.Policies?.PasswordPolicy ?? DEFAULT;

const SYMBOL = /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+ -]/;

/** @throws AwsError InvalidPasswordException that names the first rule broken */
export const requirePolicy = (settings: PoolSettings, password: string): void => {
  const policy = policyOf(settings);
  const broken = (rule: string): AwsError =>
    new AwsError("InvalidPasswordException", `Password did not conform with policy: ${rule}`);
  if (password.length < (policy.MinimumLength ?? 8)) throw broken("Password not long enough");
  if (password.length > 256) throw broken("Password too long");
  if (password.trim() !== password) throw broken("Password must not begin or end with a space");
  if (policy.RequireUppercase && !/[A-Z]/.test(password)) throw broken("Password must have uppercase characters");
  if (policy.RequireLowercase && !/[a-z]/.test(password)) throw broken("Password must have lowercase characters");
  if (policy.RequireNumbers && !/[0-9]/.test(password)) throw broken("Password must have numeric characters");
  if (policy.RequireSymbols && !SYMBOL.test(password)) throw broken("Password must have symbol characters");
};

/** No letters that look alike, no symbols that HTML or a mail's encoding would write otherwise. */
const KINDS = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#%*-_+"] as const;

/** A temporary password that meets every rule a policy can have. */
export const temporaryPassword = (settings: PoolSettings): string => {
  const length = Math.max(policyOf(settings).MinimumLength ?? 8, 16);
  const all = KINDS.join("");
  const letters = Array.from({ length }, (_, index) => KINDS[index] ?? all).map((set) => set[randomInt(set.length)]);
  for (let index = letters.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [letters[index], letters[other]] = [letters[other], letters[index]];
  }
  return letters.join("");
};
