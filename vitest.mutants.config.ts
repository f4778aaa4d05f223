import { join } from "node:path";
import { defineConfig } from "vitest/config";

// For `npm run mutants`: the tests of who may do what, and nothing else. Packages are found beside this file, as Stryker
// runs the tests in a copy of it and the installed workspaces lead out of that.
export default defineConfig({
  resolve: {
    alias: [{ find: /^@tenantry\/([a-z-]+)\/(.*)$/, replacement: join(import.meta.dirname, "packages/$1/src/$2.ts") }],
  },
  test: {
    include: [
      "packages/core/src/access/*.test.ts",
      "packages/aws/src/{token,tenant-tokens,token-checks,access-facts,access-gate,api-key-gate,issuer-reader}.test.ts",
      "packages/lambda/src/{authorizer,pre-token-generation,websocket-authorizer}.test.ts",
      "packages/kit/src/{access,verify-token}.test.ts",
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
