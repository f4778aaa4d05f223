import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Signer } from "../ports.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const signerOf = (key: string): Signer => {
  const sign = async (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return { sign, verify: async (text, signature) => (await sign(text)) === signature };
};
const signer = signerOf("key");
const tenants = { list: "tenants", filter: { status: "active", tier: undefined } };
const refused = { code: "invalid-cursor" };

test("a cursor gives back its position to the same list and filter", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => text !== ""),
      async (position) => {
        const cursor = await encodeCursor(signer, tenants, position);
        expect(cursor).toMatch(/^[\w-]+\.[\w-]+$/);
        expect(await decodeCursor(signer, { list: "tenants", filter: { status: "active" } }, cursor)).toBe(position);
      },
    ),
  );
});

test("a cursor is of no use to another list, filter or key", async () => {
  const cursor = await encodeCursor(signer, tenants, "ten_1");
  for (const other of [
    { list: "operations", filter: { status: "active" } },
    { list: "tenants", filter: {} },
    { list: "tenants", filter: { status: "failed" } },
    { list: "tenants", filter: { status: "active", tier: "trial" } },
    { list: "tenants", filter: { tier: "active" } },
  ])
    await expect(decodeCursor(signer, other, cursor)).rejects.toMatchObject(refused);
  await expect(decodeCursor(signerOf("other"), tenants, cursor)).rejects.toMatchObject(refused);
});

test("a cursor that was changed anywhere is refused", async () => {
  const cursor = await encodeCursor(signer, tenants, "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8");
  await fc.assert(
    fc.asyncProperty(fc.nat(cursor.length - 1), fc.constantFrom("", "A", "B", "_", ".", "!"), async (at, put) => {
      const changed = cursor.slice(0, at) + put + cursor.slice(at + 1);
      fc.pre(changed !== cursor);
      await expect(decodeCursor(signer, tenants, changed)).rejects.toMatchObject(refused);
    }),
  );
});

test("text that is no cursor is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      await expect(decodeCursor(signer, tenants, text)).rejects.toMatchObject(refused);
    }),
  );
});
