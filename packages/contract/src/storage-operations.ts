import { z } from "zod";
import { define, none } from "./define.ts";
import { pathId, tenantIdExample } from "./schemas/common.ts";
import { CreateStorageCredentialsBody, StorageCredentials } from "./schemas/storage.ts";

const credentials = {
  tag: "Storage",
  query: none,
  body: CreateStorageCredentialsBody,
  success: {
    status: 200,
    description:
      "Credentials. Only a repeated request with the same `Idempotency-Key` gets them again, while they last.",
    contentType: "application/json",
    body: StorageCredentials,
    headers: z.object({ "cache-control": z.string().meta({ description: "Never to be kept.", example: "no-store" }) }),
  },
} as const;

/** The operations on tenants' files. */
export const storageOperations = {
  createStorageCredentials: define("createStorageCredentials", {
    ...credentials,
    summary: "Get credentials for a tenant's files",
    description: "Short-lived AWS credentials that reach the folder of one active tenant and nothing else.",
    params: z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) }),
    problems: ["tenant-not-found", "state-conflict"],
  }),
  createOwnStorageCredentials: define("createOwnStorageCredentials", {
    ...credentials,
    summary: "Get credentials for your own files",
    description: "Short-lived AWS credentials that reach the folder of your tenant and nothing else.",
    params: none,
    problems: ["tenant-not-found", "state-conflict"],
  }),
};
