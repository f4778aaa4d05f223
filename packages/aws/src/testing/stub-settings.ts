import { vi } from "vitest";
import type { Engine } from "./dynamo-engine.ts";

/** What Lambda sets for a function, so that what reads its settings itself finds this engine; until `vi.unstubAllEnvs`. */
export const stubSettings = ({ endpoint }: Engine, controlTable: string): void => {
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  vi.stubEnv("CONTROL_TABLE", controlTable);
};
