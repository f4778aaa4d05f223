import { mkdir } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { buildApp } from "fauxqs";
import type { AwsResponse } from "../gateway/service.ts";

/** One request to fauxqs, in-process: it has no port that could be reached past the gateway. */
export type Inject = (request: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}) => Promise<AwsResponse>;

export type Fauxqs = { readonly inject: Inject; readonly close: () => Promise<void> };

type App = ReturnType<typeof buildApp>;
type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>["stores"]>;
type Persistence = { load(sqs: unknown, sns: unknown, s3: unknown): void; close(): void };

/** fauxqs' server wires these up itself but listens on every interface; its package exports only the server. */
const internals = async (): Promise<{ stores: Stores; Manager: new (folder: string) => Persistence }> => {
  const load = async (file: string): Promise<Record<string, unknown>> =>
    (await import(new URL(file, import.meta.resolve("fauxqs")).href)) as Record<string, unknown>;
  const [sqs, sns, s3, persistence] = await Promise.all([
    load("./sqs/sqsStore.js"),
    load("./sns/snsStore.js"),
    load("./s3/s3Store.js"),
    load("./persistence.js"),
  ]);
  const create = (module: Record<string, unknown>, name: string): unknown => new (module[name] as new () => unknown)();
  return {
    stores: {
      sqsStore: create(sqs, "SqsStore"),
      snsStore: create(sns, "SnsStore"),
      s3Store: create(s3, "S3Store"),
    } as Stores,
    Manager: persistence["PersistenceManager"] as new (folder: string) => Persistence,
  };
};

const bodyLimit = 64 * 1024 * 1024;

/** fauxqs takes forms for SNS calls and its own limit is 11 MiB; an object may be of any type and longer. */
const takeObjects = (app: App): void => {
  app.removeContentTypeParser(["*", "application/x-www-form-urlencoded", "application/x-amz-json-1.0"]);
  const parse = (type: string, read: (body: string) => unknown): void => {
    app.addContentTypeParser(type, { parseAs: "buffer", bodyLimit }, (request, body, done) => {
      const bytes = Buffer.from(body);
      done(null, request.url === "/" && request.method === "POST" ? read(bytes.toString("utf8")) : bytes);
    });
  };
  parse("application/x-www-form-urlencoded", (body) => Object.fromEntries(new URLSearchParams(body)));
  parse("application/x-amz-json-1.0", (body) => JSON.parse(body));
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, (_request, body, done) => done(null, body));
};

/** S3, SQS and SNS, kept in one SQLite file of `folder`. */
export const startFauxqs = async (folder: string, region: string): Promise<Fauxqs> => {
  await mkdir(folder, { recursive: true });
  const { stores, Manager } = await internals();
  const persistence = new Manager(folder);
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  for (const store of Object.values(stores)) Object.assign(store, { persistence });
  for (const queue of stores.sqsStore.allQueues()) Object.assign(queue, { persistence });
  const app = buildApp({ logger: false, defaultRegion: region, stores });
  takeObjects(app);
  await app.ready();
  return {
    async inject({ method, url, headers, body }) {
      const { host: _, "transfer-encoding": __, connection: ___, expect: ____, ...rest } = headers;
      const known = Object.entries(rest).filter(([name, value]) => value !== undefined && !name.startsWith(":"));
      const response = await app.inject({
        method: method as "GET",
        url,
        headers: { ...(Object.fromEntries(known) as Record<string, string>), "content-length": String(body.length) },
        ...(body.length > 0 || method === "PUT" || method === "POST" ? { payload: body } : {}),
      });
      const answered = Object.entries(response.headers).filter(([, value]) => value !== undefined);
      const text = answered.map(([name, value]) => [name, Array.isArray(value) ? value : String(value)] as const);
      return { status: response.statusCode, headers: Object.fromEntries(text), body: response.rawPayload };
    },
    async close() {
      await app.close();
      persistence.close();
    },
  };
};
