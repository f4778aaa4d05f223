import { z } from "zod";

export const nameLength = { min: 1, max: 100 } as const;

// Control characters, lone surrogates, line separators, and the marks that turn the direction of text around.
const unseen = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/**
 * A tenant's name as people write it, in any script: 1 to 100 characters that begin with a letter or a digit, if need be
 * in quotes, without control characters, without `\\` and without `.` or `..` between slashes. `Mærsk A/S`, quotes and
 * SQL are text like any other.
 */
export const TenantName = z
  .string()
  .refine((name) => !unseen.test(name), "must not contain control characters")
  .trim()
  .min(nameLength.min, "must not be empty")
  .refine((name) => Array.from(name).length <= nameLength.max, `must have at most ${nameLength.max} characters`)
  .refine((name) => !/\\|(?:^|\/)\.{1,2}(?:\/|$)/.test(name), "must not look like a path")
  .refine(
    (name) => name === "" || /^["'\p{Pi}\p{Pf}\p{Ps}]?[\p{L}\p{N}]/u.test(name),
    "must begin with a letter or a digit",
  )
  .meta({
    description: "In any script, beginning with a letter or a digit. Not a path; no control characters.",
    maxLength: nameLength.max,
  });
