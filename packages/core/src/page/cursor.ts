import type { Signer } from "../ports.ts";
import { Problem } from "../problem.ts";

/** What a cursor belongs to: the list's name and the filter it was made under. */
export type Listing = { readonly list: string; readonly filter: Readonly<Record<string, string | undefined>> };

const shape = /^([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{1,100})$/;

/** `<position>.<signature>`, both base64url. The signature covers list and filter, which the cursor itself does not carry. */
export const encodeCursor = async (signer: Signer, listing: Listing, position: string): Promise<string> => {
  const packed = toBase64Url(position);
  return `${packed}.${await signer.sign(signedText(listing, packed))}`;
};

/** @throws Problem `invalid-cursor` for a cursor that was not made by us for exactly this list and filter. */
export const decodeCursor = async (signer: Signer, listing: Listing, cursor: string): Promise<string> => {
  const [, packed, signature] = shape.exec(cursor) ?? [];
  const genuine =
    packed !== undefined && signature !== undefined && (await signer.verify(signedText(listing, packed), signature));
  if (!genuine)
    throw new Problem("invalid-cursor", "Use a cursor only as it was given, with the filter it was given for.", {
      errors: [{ pointer: "query:cursor", detail: "was not made for this list and filter" }],
    });
  return fromBase64Url(packed);
};

const signedText = ({ list, filter }: Listing, packed: string): string => {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined);
  return JSON.stringify([list, set.toSorted(([a], [b]) => (a < b ? -1 : 1)), packed]);
};

const toBase64Url = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCodePoint(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
};

const fromBase64Url = (packed: string): string => {
  const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (byte) => byte.codePointAt(0) ?? 0));
};
