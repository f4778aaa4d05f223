/** Writes docs/openapi.yaml from the contract. */
import { writeFile } from "node:fs/promises";
import { openapiYaml } from "@tenantry/contract/openapi-yaml";

const file = new URL("../docs/openapi.yaml", import.meta.url);
await writeFile(file, openapiYaml());
console.log("Wrote docs/openapi.yaml.");
