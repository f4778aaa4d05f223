import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Caller, Service } from "../../gateway/service.ts";

const read = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** One service alone behind an HTTP server, as the operator calls it: for tests of the service itself. */
export const serve = async (service: Service, caller?: Caller) => {
  const server = createServer((message, response) => {
    const answer = async (): Promise<void> => {
      const url = new URL(message.url ?? "/", `http://${message.headers.host ?? "localhost"}`);
      const result = await service.handle({
        id: randomUUID(),
        service: service.name,
        region: "us-east-1",
        method: message.method ?? "GET",
        url,
        headers: message.headers,
        body: await read(message),
        caller,
      });
      response.writeHead(result.status, result.headers);
      response.end(result.body);
    };
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
