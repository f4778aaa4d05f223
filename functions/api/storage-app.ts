import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { stsStorageVault } from "@tenantry/aws/storage-credentials";
import {
  createOwnStorageCredentials,
  createStorageCredentials,
  type StorageCredentials,
} from "@tenantry/core/storage/create-storage-credentials";

const ports = {
  registry: dynamoRegistry(documents(), setting("CONTROL_TABLE")),
  vault: stsStorageVault({ role: setting("TENANT_DATA_ROLE"), region: setting("AWS_REGION") }),
  clock: () => new Date(),
  newId,
};

export const storage = { create: createStorageCredentials(ports), createOwn: createOwnStorageCredentials(ports) };

/** Credentials are for the caller alone, and nothing when they have ended. */
export const handedOut = (credentials: StorageCredentials) => ({
  body: credentials,
  headers: { "cache-control": "no-store" },
  until: credentials.expires_at,
});
