import { ApiKey as CoreApiKey } from "@tenantry/core/key/api-key";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

export const keyIdExample = "key_01JD5V8Q9C3E5G7J9M1P3R5T7V";

const shape = { ...CoreApiKey.shape, last_used_at: z.string().nullable() };
const example = {
  id: keyIdExample,
  name: "nightly export",
  tenant_id: tenantIdExample,
  scopes: ["usage:read"],
  created_at: instantExample,
  created_by: "b4c81408-70c1-70b1-9f1e-3a2f5c7d9e01",
  ends_at: null,
  revoked_at: null,
  replaced_by: null,
  last_used_at: null,
};

export const ApiKey = z
  .strictObject(shape)
  .meta({ id: "ApiKey", description: "A key of your tenant, without its secret.", example });

export const NewApiKey = z
  .strictObject({
    ...shape,
    key: z.string().meta({ description: "Send it as `Authorization: Bearer <key>`. It is not shown again." }),
  })
  .meta({
    id: "NewApiKey",
    description: "A key with its text.",
    example: { ...example, key: "tk_01JD5V8Q9C3E5G7J9M1P3R5T7V_pXr2cD4eF6gH8iJ0kL1mN3oP5qR7sT9uV1wX3yZ5aB7" },
  });

export const CreateApiKeyBody = z
  .strictObject({
    name: z.string().min(1).max(100),
    scopes: z.array(z.string().min(1).max(64)).min(1).max(50),
    ends_at: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({
    id: "CreateApiKey",
    description:
      "A key to make. `scopes` are permissions that you hold; without `ends_at` it works until it is revoked.",
    example: { name: "nightly export", scopes: ["usage:read"] },
  });

export const RotateApiKeyBody = z.strictObject({ overlap_seconds: z.int().min(0).max(604_800).default(86_400) }).meta({
  id: "RotateApiKey",
  description: "How long the old key goes on working: at most a week, a day if not given.",
  example: { overlap_seconds: 3600 },
});
