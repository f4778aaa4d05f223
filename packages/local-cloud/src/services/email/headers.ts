const decodeQ = (text: string): Buffer =>
  Buffer.from(
    text
      .replaceAll("_", " ")
      .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );

/** Adjacent encoded words may split a character, so bytes are joined before they are decoded. */
const decodeWords = (value: string): string =>
  value.replace(/=\?([\w-]+)\?[QB]\?[^?]*\?=(?:\s+=\?\1\?[QB]\?[^?]*\?=)*/gi, (run: string, charset: string) => {
    const words = [...run.matchAll(/=\?[\w-]+\?([QB])\?([^?]*)\?=/gi)];
    const bytes = words.map(([, encoding = "", text = ""]) =>
      encoding.toUpperCase() === "B" ? Buffer.from(text, "base64") : decodeQ(text),
    );
    return new TextDecoder(charset).decode(Buffer.concat(bytes));
  });

/** The headers of an RFC 5322 message by lower-case name: unfolded, RFC 2047 words decoded, the first of each name. */
export const parseHeaders = (message: string): ReadonlyMap<string, string> => {
  const end = message.search(/\r?\n\r?\n/);
  const head = (end === -1 ? message : message.slice(0, end)).replace(/\r?\n(?=[ \t])/g, "");
  const headers = new Map<string, string>();
  for (const line of head.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, decodeWords(line.slice(colon + 1).trim()));
  }
  return headers;
};
