const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Whether this is base64url as JWS writes it (RFC 7515, section 2): one text for the same bytes, without padding and
 * with no bits left over in the last character. Decoders take others too, so that one token would have many spellings.
 */
export const isCanonicalBase64url = (text: string): boolean => {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return false;
  // The characters of the last group carry 12 or 18 bits, of which whole bytes take 8 or 16.
  const spare = [1, 1, 16, 4][text.length % 4] ?? 1;
  return alphabet.indexOf(text.at(-1) ?? "") % spare === 0;
};

/**
 * Whether an object in this JSON has a member twice, however its name is written. Readers differ in which one they take
 * (RFC 8259, section 4), so what one has checked another may not see. The text must be JSON.
 */
export const repeatsName = (json: string): boolean => {
  const objects: Set<string>[] = [];
  for (const [token, name] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (name !== undefined) {
      const names = objects.at(-1);
      const plain = name.includes("\\") ? JSON.stringify(JSON.parse(name)) : name;
      if (names?.has(plain) === true) return true;
      names?.add(plain);
    }
  }
  return false;
};
