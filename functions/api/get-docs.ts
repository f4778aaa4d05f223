import { serviceOperations } from "@tenantry/contract/service-operations";
import { http } from "@tenantry/lambda/http";
import { page, pagePolicy } from "./page.ts";

// Relative addresses: the API may lie below a stage.
const viewer = '<redoc spec-url="openapi.json" hide-download-button></redoc>\n<script src="docs/viewer.js"></script>';
const body = page("Tenantry API", "body { margin: 0 }", viewer);

export const handler = http(serviceOperations.getDocs, () => ({
  body,
  headers: { "content-security-policy": pagePolicy },
}));
