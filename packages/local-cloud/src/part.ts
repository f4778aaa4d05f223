import type { Service } from "./gateway/service.ts";
import type { Graph } from "./deploy/graph.ts";
import type { Store } from "./store.ts";
import type { Writes } from "./writes.ts";

/** What every part of the embedded cloud is given. Ports are bound before any part starts, so addresses are final. */
export type Host = {
  /** Folder of everything kept between runs. */
  readonly data: string;
  readonly region: string;
  /** The one account there is, twelve digits. */
  readonly account: string;
  /** The gateway: `AWS_ENDPOINT_URL`, such as `http://127.0.0.1:4001`. */
  readonly endpoint: string;
  /** The REST API's address as a client sees it, such as `http://127.0.0.1:4000`. */
  readonly apiUrl: string;
  /** Where the PostgreSQL engine listens. The deployment writes it into the functions' environment beforehand. */
  readonly postgres: { readonly host: string; readonly port: number };
  readonly store: Store;
  readonly writes: Writes;
  /** 32 random bytes of this installation, in hex. Passwords that the deployment generates derive from it. */
  readonly seed: string;
  /** One line of the cloud's own log, `<data>/logs/cloud.log`. */
  log(line: string): void;
  /** Issues a role's session credentials; used by the Lambda host and STS. */
  credentials(role: string, session: string): Credentials;
  /** Invokes a deployed function by name or ARN and waits for its result. */
  invoke(functionName: string, payload: unknown): Promise<Invocation>;
  /** Sends a signed-in request through the gateway's service as the operator; for parts that call each other. */
  call(service: string, action: string, input: unknown): Promise<unknown>;
};

export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
};

/** A function's outcome. `error` is set when it threw, timed out or died, as Lambda's `FunctionError` payload. */
export type Invocation = {
  readonly payload: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly trace?: readonly string[] };
};

/** One part of the embedded cloud: the services it answers to and the resource types it makes real. */
export interface Part {
  readonly name: string;
  readonly services?: readonly Service[];
  /** Pulumi types that `apply` takes from the graph. */
  readonly types?: readonly string[];
  /** Makes the graph's resources real; called again with a newer graph after each redeployment. Idempotent. */
  apply?(graph: Graph): Promise<void>;
  /** Starts work that needs everything applied: pollers, schedules, sweeps. Called once, after the first `apply` of all parts. */
  start?(): Promise<void>;
  close?(): Promise<void>;
}

export type PartFactory = (host: Host) => Promise<Part>;
