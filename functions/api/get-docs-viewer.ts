import { serviceOperations } from "@tenantry/contract/service-operations";
import { http } from "@tenantry/lambda/http";
import { readAsset } from "./asset.ts";

export const handler = http(serviceOperations.getDocsViewer, async () => ({
  body: await readAsset("redoc.standalone.js"),
  headers: { "cache-control": "public, max-age=3600" },
}));
