/** Writes what the documentation has from the contract: the OpenAPI document and the table of permissions. */
import { writeFile } from "node:fs/promises";
import { openapiYaml } from "@tenantry/contract/openapi-yaml";
import { permissionsPage } from "@tenantry/contract/permissions-page";

const docs = new URL("../docs/", import.meta.url);
await writeFile(new URL("openapi.yaml", docs), openapiYaml());
await writeFile(new URL("permissions-of-roles.md", docs), permissionsPage());
console.log("Wrote docs/openapi.yaml and docs/permissions-of-roles.md.");
