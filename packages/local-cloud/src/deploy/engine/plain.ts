// Pulumi marks special values on the wire with this key; see its runtime/rpc.ts.
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const assets: readonly unknown[] = ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"];

/** Properties as they came over the wire. */
export type Wire = { toJavaScript(): unknown };

/** A value as JSON: secrets laid open and their paths noted, files as `{ asset: path }`, resources as their id. */
export const plain = (value: unknown, secrets: string[], at = ""): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => plain(item, secrets, `${at}[${index}]`));
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  const mark = object[signature];
  if (assets.includes(mark)) return "path" in object ? { asset: object["path"] } : { text: object["text"] };
  if (mark === secretSignature) {
    secrets.push(at);
    return plain(object["value"], [], at);
  }
  if (mark === resourceSignature) return object["id"] ?? object["urn"];
  return Object.fromEntries(
    Object.entries(object).map(([key, item]) => [key, plain(item, secrets, at === "" ? key : `${at}.${key}`)]),
  );
};
