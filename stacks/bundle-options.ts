import type * as Rolldown from "rolldown";

/** How functions are bundled, whichever they are: also for whoever measures one as it is deployed. */
export const bundleInput = {
  platform: "node",
  resolve: { mainFields: ["module", "main"] },
  external: [
    "pg-native",
    // Where the SDK looks for credentials on a developer's machine. Lambda puts them into the environment.
    /^@aws-sdk\/credential-provider-(ini|login|process|sso|web-identity)$/,
  ],
  transform: { target: "node24" },
  logLevel: "silent",
} satisfies Rolldown.InputOptions;

export const bundleOutput = {
  format: "esm",
  minify: true,
  keepNames: true,
  entryFileNames: "[name].mjs",
} satisfies Rolldown.OutputOptions;
