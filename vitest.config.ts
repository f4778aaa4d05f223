import { defineConfig } from "vitest/config";

/** A busy machine takes its time: a test says what comes, not how soon. These end only what never would. */
const expect = { poll: { timeout: 60_000 } };
const patience = { testTimeout: 600_000, hookTimeout: 600_000 };

const crash = {
  test: {
    name: "crash",
    include: ["tests/crash/**/*.test.ts"],
    globalSetup: ["tests/support/cloud.ts"],
    // Each file asks for all that the machine has.
    fileParallelism: false,
    expect,
    ...patience,
  },
};

/** One deployed cloud serves all tests of such a project, one after the other. */
const cloud = (name: string, include: string) => ({
  test: {
    name,
    include: [include],
    globalSetup: ["tests/support/cloud.ts"],
    fileParallelism: false,
    expect,
    ...patience,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{packages,functions,workflows,scripts}/**/*.test.ts", "tests/architecture/**/*.test.ts"],
          setupFiles: ["tests/support/patient.ts"],
          expect,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "infra",
          include: ["tests/infra/**/*.test.ts"],
          expect,
          ...patience,
        },
      },
      cloud("cloud-api", "tests/{api,isolation,fuzz}/**/*.test.ts"),
      cloud("cloud-flows", "tests/{workflows,metering}/**/*.test.ts"),
      // Each starts and stops clouds of its own.
      {
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts"],
          expect,
          ...patience,
        },
      },
      // Asks for a whole machine: `CRASH=1 vitest run --project crash`.
      ...(process.env["CRASH"] === "1" ? [crash] : []),
    ],
  },
});
