import { z } from "zod";
import { define, none } from "./define.ts";
import { ApiKey, CreateApiKeyBody, keyIdExample, NewApiKey, RotateApiKeyBody } from "./schemas/api-key.ts";
import { pageOf, pageQuery, pathId } from "./schemas/common.ts";

const json = "application/json";
const keyParams = z.strictObject({ key_id: pathId("The key's id.", keyIdExample) });
const keys = { tag: "API keys", query: none } as const;
const made = { status: 201, description: "The key, which is shown once.", contentType: json, body: NewApiKey } as const;

/** The operations on tenants' API keys. */
export const keyOperations = {
  createApiKey: define("createApiKey", {
    ...keys,
    summary: "Make an API key",
    description: "A key of your tenant, for its own programs. It can do what its scopes say, and no more than you.",
    params: none,
    body: CreateApiKeyBody,
    success: made,
    problems: ["api-key-scope-refused", "api-key-not-active"],
  }),
  listApiKeys: define("listApiKeys", {
    ...keys,
    summary: "List API keys",
    description: "The keys of your tenant, the newest first, page by page, also those that are over.",
    params: none,
    query: z.strictObject(pageQuery),
    body: null,
    success: { status: 200, description: "A page of keys.", contentType: json, body: pageOf(ApiKey) },
    problems: ["invalid-cursor"],
  }),
  revokeApiKey: define("revokeApiKey", {
    ...keys,
    summary: "Revoke an API key",
    description: "It is refused within half a minute.",
    params: keyParams,
    body: null,
    success: { status: 200, description: "The key is revoked.", contentType: json, body: ApiKey },
    problems: ["api-key-not-found", "api-key-not-active"],
  }),
  rotateApiKey: define("rotateApiKey", {
    ...keys,
    summary: "Rotate an API key",
    description: "Makes a key in the place of one, with its name, scopes and end. Both work for a while.",
    params: keyParams,
    body: RotateApiKeyBody,
    success: made,
    problems: ["api-key-not-found", "api-key-not-active", "api-key-scope-refused"],
  }),
} as const;
