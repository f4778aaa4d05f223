/** What the deployment is told about the embedded cloud that it deploys to. */
export type Facts = {
  readonly account: string;
  readonly region: string;
  /** The gateway that answers every AWS call, such as `http://127.0.0.1:4001`. */
  readonly endpoint: string;
  /** The address at which clients reach the REST API. */
  readonly apiUrl: string;
  readonly postgres: { readonly host: string; readonly port: number };
  /** Hex. Everything random in the deployment derives from it, so it is the same at each start. */
  readonly seed: string;
};
