/** Installs the sources and packages of SST's components, for the bootstrap. */
import { join } from "node:path";
import { ensurePlatform } from "@tenantry/local-cloud/deploy/platform";

await ensurePlatform(join(import.meta.dirname, ".."));
