import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGateway } from "../../gateway/server.ts";
import type { Invocation, PartFactory } from "../../part.ts";
import { testHost } from "./host.ts";

/** Parts behind the real gateway, on a folder of their own or the given one; functions are what the test answers. */
export const startParts = async (
  factories: readonly PartFactory[],
  options: { data?: string; invoke?: (functionName: string, payload: unknown) => Promise<Invocation> } = {},
) => {
  const data = options.data ?? mkdtempSync(join(tmpdir(), "parts-"));
  const gateway = await createGateway({ port: 0 });
  const host = testHost(data, {
    endpoint: gateway.endpoint,
    ...(options.invoke ? { invoke: options.invoke } : {}),
    call: (service, action, input) => gateway.call(service, action, input),
  });
  const parts = await Promise.all(factories.map((factory) => factory(host)));
  gateway.setServices(parts.flatMap((part) => part.services ?? []));
  return {
    data,
    host,
    parts,
    /** Settings of any SDK client, as the operator. */
    client: {
      endpoint: gateway.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    },
    async close(): Promise<void> {
      for (const part of parts) await part.close?.();
      await gateway.close();
      host.store.close();
    },
  };
};
