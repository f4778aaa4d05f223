import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Graph } from "../deploy/graph.ts";
import type { Statements } from "../lambda/environment.ts";
import type { Credentials } from "../part.ts";
import { stsService } from "../services/sts.ts";
import { callsAdmin, faultsAdmin, permissionsAdmin } from "./admin.ts";
import { authenticate } from "./authenticate.ts";
import { type Calls, createCalls } from "./calls.ts";
import { errorResponse, refuse } from "./errors.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createIam } from "./iam.ts";
import { listen, readBody, type WireRequest, type WireResponse } from "./listener.ts";
import { operatorCall } from "./operator.ts";
import { roleName } from "./policies.ts";
import { AwsError, type AwsRequest, type AwsResponse, notImplemented, type Service } from "./service.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { readSignature } from "./signature.ts";
import { isPublic } from "./unsigned.ts";
import { statementAction, statementRequest } from "./statements.ts";
import { type FindWork, workOf } from "./workers.ts";

/** The longest body the gateway takes: above every AWS limit but S3's single upload. */
const bodyLimit = 64 * 1024 * 1024;

export type Gateway = {
  /** `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  readonly port: number;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly calls: Calls;
  /** The workers' SQL, which does not come this way but meets the same faults, as the service `postgres`. */
  readonly statements: Statements;
  /** Until it is called every request is answered 503, which clients try again. */
  setServices(services: readonly Service[]): void;
  /** How faults and the record of calls learn which function's worker sends a request. */
  setWorkers(find: FindWork): void;
  /** The roles and policies that calls are judged by; called after each deployment. */
  setGraph(graph: Graph): void;
  /** A role's session that lives as long as the cloud. */
  credentials(role: string, session: string): Credentials;
  /** Calls a service in-process as the operator. */
  call(service: string, action: string, input: unknown): Promise<unknown>;
  close(): Promise<void>;
};

export type GatewayOptions = {
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly region?: string;
  readonly account?: string;
  log?(line: string): void;
};

/** Binds the one endpoint of the embedded cloud. @throws the error of `listen`, such as EADDRINUSE. */
export const createGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { host = "127.0.0.1", region = "us-east-1", account = "123456789012" } = options;
  const log = (line: string): void => options.log?.(line);
  const sessions = createSessions(account);
  const faults = createFaults();
  const calls = createCalls();
  let findWork: FindWork | undefined;
  const watched = new Int32Array(new SharedArrayBuffer(4));
  const onStatement: Statements["on"] = async (accessKeyId, statement, run) => {
    const work = findWork?.(accessKeyId);
    const request = statementRequest(statement, region);
    const action = statementAction(statement);
    calls.add("postgres", action, work);
    const handle = async (): Promise<AwsResponse> => {
      await run();
      return { status: 200 };
    };
    await faults.run(request, action, handle, work);
  };
  const iam = createIam({ account, region, log });
  let services: ReadonlyMap<string, Service> | undefined;

  const find = (wire: WireRequest, url: URL): { name: string; service: Service | undefined } => {
    const signature = readSignature(wire.headers, url);
    const all = [...(services?.values() ?? [])];
    if (signature !== null && signature !== "malformed") {
      return { name: signature.service, service: services?.get(signature.service) };
    }
    const target = String(wire.headers["x-amz-target"] ?? "").split(".")[0];
    const service = target === "" ? all.find((one) => one.claims?.(url)) : all.find((one) => one.target === target);
    return { name: service?.name ?? (target || "s3"), service };
  };

  const answer = async (request: AwsRequest, query: string, service: Service | undefined): Promise<AwsResponse> => {
    const { path = "/" } = request;
    const { caller, body, headers } = authenticate(request, { path, query }, sessions);
    const known: AwsRequest = { ...request, caller, body, headers };
    if (path === "/_permissions") return permissionsAdmin(known, iam.used());
    if (path === "/_faults" || path === "/_calls") {
      const told = path === "/_faults" ? faultsAdmin(known, faults) : callsAdmin(known, calls);
      Atomics.store(watched, 0, faults.active || calls.recording ? 1 : 0);
      return told;
    }
    const action = service?.action(known) ?? null;
    if (!caller && !service?.claims?.(request.url) && !(service && isPublic(service.name, action))) {
      throw refuse(request, "missing", "Missing Authentication Token");
    }
    if (!service) throw notImplemented(request.service, action ?? actionOf(known));
    if (caller?.role !== undefined) {
      if (action === null) throw notImplemented(service.name, actionOf(known));
      const denied = await iam.authorise(known, service, action);
      if (denied !== null) {
        log(`iam: ${denied}`);
        throw refuse(request, "denied", denied);
      }
    }
    const work = faults.active || calls.recording ? workOf(known, findWork) : undefined;
    calls.add(service.name, action, work);
    const reply = await faults.run(known, action, () => service.handle(known), work);
    const needed = reply.status === 404 && caller?.role !== undefined ? service.missing?.(known) : null;
    const hidden = caller && needed ? await iam.check(caller, needed) : null;
    if (hidden !== null) throw refuse(request, "denied", hidden);
    return reply;
  };

  const handle = async (wire: WireRequest, response: WireResponse): Promise<void> => {
    const id = randomUUID();
    const authority = wire.headers.host ?? wire.headers[":authority"];
    const target = wire.url ?? "/";
    const url = new URL(`http://${String(authority ?? host)}${target.startsWith("/") ? target : `/${target}`}`);
    const [path, query] = splitTarget(target);
    const { name, service } = find(wire, url);
    const method = wire.method ?? "GET";
    const headers = { ...wire.headers, ...(authority === undefined ? {} : { host: String(authority) }) };
    const bare: AwsRequest = {
      id,
      service: name,
      region,
      method,
      url,
      path,
      headers,
      body: Buffer.alloc(0),
      caller: undefined,
    };
    let reply: AwsResponse;
    try {
      const body = await readBody(wire, bodyLimit);
      if (body === null) throw new AwsError("EntityTooLarge", "The embedded cloud takes bodies up to 64 MiB.", 413);
      if (!services) throw new AwsError("ServiceUnavailable", "The embedded cloud is starting.", 503);
      reply = await answer({ ...bare, body }, query, service);
    } catch (error) {
      if (!(error instanceof AwsError))
        log(`gateway: ${name}: ${error instanceof Error ? error.stack : String(error)}`);
      reply = errorResponse(bare, error);
    }
    send(wire, response, id, name, reply);
  };

  const listener = await listen({ host, port: options.port }, (wire, response) => {
    handle(wire, response).catch((error: unknown) => {
      log(`gateway: ${String(error)}`);
      response.socket?.destroy();
    });
  });
  return {
    endpoint: `http://${host}:${listener.port}`,
    port: listener.port,
    sessions,
    faults,
    calls,
    statements: { watched: watched.buffer, on: onStatement },
    setWorkers: (finder) => void (findWork = finder),
    setServices(list) {
      const sts = stsService({ account, region, sessions, iam });
      services = new Map([sts, ...list].map((service) => [service.name, service]));
    },
    setGraph: (graph) => iam.setGraph(graph),
    credentials(role, session) {
      const { accessKeyId, secretAccessKey, sessionToken } = sessions.issue({ role: roleName(role), session });
      return { accessKeyId, secretAccessKey, sessionToken };
    },
    call: (name, action, input) => operatorCall(services?.get(name), { name, action, input, region, account }),
    close: () => listener.close(),
  };
};

const splitTarget = (target: string): [path: string, query: string] => {
  const mark = target.indexOf("?");
  return mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)];
};

/** The best name there is for an action that no service has. */
const actionOf = (request: AwsRequest): string =>
  String(request.headers["x-amz-target"] ?? "").split(".")[1] ||
  /(?:^|&)Action=(\w+)/.exec(request.body.toString("latin1", 0, 4096))?.[1] ||
  `${request.method} ${request.url.pathname}`;

/** Fields of HTTP/1.1 that HTTP/2 refuses. */
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]);

const send = (wire: WireRequest, response: WireResponse, id: string, service: string, reply: AwsResponse): void => {
  if (response.destroyed || response.writableEnded) return;
  const headers: Record<string, string | string[]> = { "x-amzn-requestid": id };
  if (service === "s3") headers["x-amz-request-id"] = id;
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (!hopByHop.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  const body = reply.body === undefined ? Buffer.alloc(0) : Buffer.from(reply.body as string);
  if (wire.method !== "HEAD" && reply.status !== 204 && reply.status !== 304) {
    headers["content-length"] = String(body.length);
  }
  // node:http and node:http2 type the same call differently.
  if ("stream" in wire) (response as Http2ServerResponse).writeHead(reply.status, headers);
  else (response as ServerResponse).writeHead(reply.status, headers);
  if (wire.method === "HEAD") response.end();
  else response.end(body);
};
