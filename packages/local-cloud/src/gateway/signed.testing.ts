import { signer } from "./presign.testing.ts";

export type SignedCall = {
  readonly service: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly credentials?: {
    readonly accessKeyId?: string;
    readonly secretAccessKey?: string;
    readonly sessionToken?: string;
  };
  readonly at?: Date;
  /** What somebody on the way does to the signed headers. */
  readonly tamper?: (headers: Record<string, string>) => unknown;
};

/** Sends a request signed by the SDK's own signer, as the operator unless credentials are given. */
export const sendSigned = async (
  endpoint: string,
  { service, path = "/", method = "POST", headers = {}, body = "", credentials, at, tamper }: SignedCall,
): Promise<{ status: number; headers: Headers; text: string }> => {
  const url = new URL(path, endpoint);
  const bare = {
    method,
    protocol: "http:",
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    ...(body === "" ? {} : { body }),
  };
  const signed = await signer(service, credentials).sign(bare, { signingDate: at ?? new Date() });
  tamper?.(signed.headers);
  const { host: _, ...rest } = signed.headers;
  const response = await fetch(url, { method, headers: rest, ...(body === "" ? {} : { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

/** The code of an error in AWS JSON. */
export const codeOf = (text: string): string | undefined => {
  const { __type: code } = JSON.parse(text) as { __type?: string };
  return code;
};
