const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Escapes text for XML; control characters that XML 1.0 cannot hold are left out. */
export const escapeXml = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- exactly the characters that XML forbids
  text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g, "").replace(/[&<>"']/g, (char) => entities[char] ?? char);

/** A list whose elements bear a name of their own instead of `member`. */
class NamedList {
  readonly name: string;
  readonly items: readonly unknown[];
  constructor(name: string, items: readonly unknown[]) {
    this.name = name;
    this.items = items;
  }
}

export const namedList = (name: string, items: readonly unknown[]): object => new NamedList(name, items);

const element = (name: string, value: unknown): string => {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `<${name}>${value.map((item) => element("member", item)).join("")}</${name}>`;
  if (value instanceof NamedList)
    return `<${name}>${value.items.map((item) => element(value.name, item)).join("")}</${name}>`;
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  if (typeof value === "object") {
    const fields = Object.entries(value).map(([key, field]) => element(key, field));
    return `<${name}>${fields.join("")}</${name}>`;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `<${name}>${escapeXml(text)}</${name}>`;
};

/** Writes a document: fields become elements, arrays lists of `<member>`, undefined nothing. */
export const xml = (root: string, value: object, namespace?: string): string => {
  const body = element(root, value);
  const attribute = namespace === undefined ? "" : ` xmlns="${escapeXml(namespace)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${body.slice(root.length + 2)}\n`;
};
