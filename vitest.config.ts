import { defineConfig } from "vitest/config";

/** What comes by itself may take its time on a busy machine: a test says what comes, not how soon. */
const expect = { poll: { timeout: 20_000 } };

const crash = {
  test: {
    name: "crash",
    include: ["tests/crash/**/*.test.ts"],
    globalSetup: ["tests/support/cloud.ts"],
    // Each file asks for all that the machine has.
    fileParallelism: false,
    expect,
    testTimeout: 240_000,
    hookTimeout: 180_000,
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
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{packages,functions,workflows,scripts}/**/*.test.ts", "tests/architecture/**/*.test.ts"],
          expect,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "infra",
          include: ["tests/infra/**/*.test.ts"],
          expect,
          testTimeout: 120_000,
          hookTimeout: 240_000,
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
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      // Asks for a whole machine: `CRASH=1 vitest run --project crash`.
      ...(process.env["CRASH"] === "1" ? [crash] : []),
    ],
  },
});
