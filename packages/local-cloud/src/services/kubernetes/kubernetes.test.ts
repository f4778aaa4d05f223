import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { testGraph, testHost } from "../testing/host.ts";
import { serve } from "../testing/serve.ts";
import { kubernetesContract } from "./contract.ts";
import { createKubernetesPart } from "./part.ts";
import { type Call, caller } from "./testing.ts";
import { bearer, operator, testCluster } from "./test-cluster.ts";

describe("the embedded API server", () => {
  const host = testHost(mkdtempSync(join(tmpdir(), "kubernetes-")));
  let call: Call | undefined;
  let close = async (): Promise<void> => undefined;

  beforeAll(async () => {
    const part = await createKubernetesPart(host, async () => ({ arn: operator }));
    await part.apply?.(testGraph([testCluster("platform")]));
    const [service] = part.services ?? [];
    if (service === undefined) throw new Error("the part has no service");
    const server = await serve(service);
    call = caller({ server: `${server.url}/_eks/platform`, headers: { authorization: bearer("platform") } });
    close = async () => {
      await part.close?.();
      await server.close();
      host.store.close();
    };
  });

  afterAll(() => close());

  kubernetesContract(() => {
    if (call === undefined) throw new Error("the server did not start");
    return { call };
  });
});
