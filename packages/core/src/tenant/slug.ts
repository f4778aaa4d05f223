/** `tenant-<slug>` names a Kubernetes namespace, which is a DNS label of at most 63 characters. */
export const slugLength = 63 - "tenant-".length;

/** Letters that Unicode does not decompose into a Latin letter and a mark. */
const latin: Record<string, string> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", þ: "th", ı: "i" };

const digestLength = 8;

/** FNV-1a over UTF-16 units, 64 bits, as eight base-36 digits: tells names apart, protects nothing. */
const digest = (text: string): string => {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  return hash.toString(36).padStart(digestLength, "0").slice(-digestLength);
};

/**
 * The tenant's name as a DNS label: accents folded, lower case, everything else a hyphen. `Crème & Co` → `creme-co`.
 * Where that loses letters or digits (another script, or too long) a digest of the name keeps two names apart:
 * `株式会社エーシーエムイー` → `t-1x2b9k0q`. One name always gives one slug.
 */
export const slugOf = (name: string): string => {
  const folded = name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[ßæœøđðłþı]/g, (letter) => latin[letter] ?? letter);
  const words = folded.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const complete = words.length <= slugLength && !/[\p{L}\p{N}]/u.test(folded.replaceAll(/[a-z0-9]/g, ""));
  if (complete && words !== "") return words;
  const head = words.slice(0, slugLength - digestLength - 1).replace(/-+$/, "") || "t";
  // Marks stay in what is digested: in other scripts they make another letter.
  const spoken = name
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, " ")
    .trim();
  return `${head}-${digest(spoken)}`;
};
