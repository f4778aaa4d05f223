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

const [quote, backslash, colon, open, close] = [0x22, 0x5c, 0x3a, 0x7b, 0x7d];

/** Where the string that begins here ends: its closing quote. */
const endOfString = (json: string, start: number): number => {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let escapes = 0;
    while (json.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  throw new Error("It is not JSON.");
};

/** Whether a colon follows, after white space: then what was before is a member's name. */
const isName = (json: string, end: number): boolean => {
  let next = end + 1;
  while (json.charCodeAt(next) <= 0x20) next++;
  return json.charCodeAt(next) === colon;
};

/**
 * Whether an object in this JSON has a member twice, however its name is written. Readers differ in which one they take
 * (RFC 8259, section 4), so what one has checked another may not see.
 *
 * @throws Error where the text is plainly no JSON; it is for text that is.
 */
export const repeatsName = (json: string): boolean => {
  const objects: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json.charCodeAt(at);
    if (char === open) objects.push(new Set());
    else if (char === close) objects.pop();
    else if (char === quote) {
      const end = endOfString(json, at);
      if (isName(json, end)) {
        const written = json.slice(at, end + 1);
        const name = written.includes("\\") ? JSON.stringify(JSON.parse(written)) : written;
        const names = objects.at(-1);
        if (names?.has(name) === true) return true;
        names?.add(name);
      }
      at = end;
    }
  }
  return false;
};
