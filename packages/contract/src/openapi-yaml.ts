import { stringify } from "yaml";
import { openapi } from "./openapi.ts";

/** The document as it is committed. */
export const openapiYaml = (): string =>
  `# Made from the contract by \`npm run openapi\`.\n${stringify(openapi(), { aliasDuplicateObjects: false, lineWidth: 0 })}`;
