import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** The SSM parameter by which `sst` finds its bootstrap: the buckets for state and code. */
const bootstrap = (account: string, region: string): string =>
  JSON.stringify({
    version: 5,
    asset: "sst-asset-embedded",
    state: "sst-state-embedded",
    assetEcrRegistryId: account,
    assetEcrUrl: `${account}.dkr.ecr.${region}.amazonaws.com/sst-asset`,
  });

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

type Reply = { status: number; body?: string | Buffer; type?: string };

const json = (status: number, value: object): Reply => ({
  status,
  body: JSON.stringify(value),
  type: "application/x-amz-json-1.1",
});

/**
 * Answers the AWS calls that the `sst` command makes for itself (its state, lock and passphrase in SSM and S3), in memory
 * and on loopback only. Any other call is refused and listed in `refused`.
 */
export const startSstState = async (account: string, region: string) => {
  const parameters = new Map([["/sst/bootstrap", bootstrap(account, region)]]);
  const objects = new Map<string, Buffer>();
  const refused: string[] = [];

  const ssm = (action: string, input: { Name: string; Value: string }): Reply | undefined => {
    const value = parameters.get(input.Name);
    if (action === "GetParameter")
      return value === undefined
        ? json(400, { __type: "ParameterNotFound", message: input.Name })
        : json(200, { Parameter: { Name: input.Name, Value: value, Type: "String", Version: 1 } });
    if (action === "PutParameter") {
      parameters.set(input.Name, input.Value);
      return json(200, { Version: 1, Tier: "Standard" });
    }
    if (action === "DeleteParameter") {
      parameters.delete(input.Name);
      return json(200, {});
    }
    return undefined;
  };

  const s3 = (method: string, url: URL, body: Buffer): Reply | undefined => {
    const key = url.pathname;
    if (method === "PUT") {
      objects.set(key, body);
      return { status: 200 };
    }
    if (method === "DELETE") {
      objects.delete(key);
      return { status: 204 };
    }
    if (method !== "GET") return undefined;
    if (url.searchParams.has("list-type")) {
      return {
        status: 200,
        type: "application/xml",
        body: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
      };
    }
    const object = objects.get(key);
    if (object) return { status: 200, body: object };
    return {
      status: 404,
      type: "application/xml",
      body: "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>",
    };
  };

  const answer = (request: IncomingMessage, body: Buffer): Reply => {
    const target = String(request.headers["x-amz-target"] ?? "");
    const url = new URL(request.url ?? "/", "http://localhost");
    const reply = target.startsWith("AmazonSSM.")
      ? ssm(target.slice("AmazonSSM.".length), JSON.parse(body.toString() || "{}"))
      : target === "" && url.pathname.startsWith("/sst-")
        ? s3(request.method ?? "", url, body)
        : undefined;
    if (reply) return reply;
    const call = `${request.method} ${request.url} ${target}`.trim();
    refused.push(call);
    return json(400, { __type: "NotImplemented", message: `The deployment's state has no answer for ${call}.` });
  };

  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const { status, type, body } = answer(request, await read(request));
      response.writeHead(status, type === undefined ? {} : { "content-type": type });
      response.end(body);
    };
    respond().catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    refused: refused as readonly string[],
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
