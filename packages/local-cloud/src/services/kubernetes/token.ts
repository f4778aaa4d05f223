import { createHash } from "node:crypto";

/** Who a presigned GetCallerIdentity is; null when it is refused. */
export type VerifyPresigned = (
  url: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly arn: string } | null>;

const prefix = "k8s-aws-v1.";
const life = 14 * 60_000;

const signedAt = (url: URL): number => {
  const time = url.searchParams.get("X-Amz-Date") ?? "";
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
};

const presigned = (token: string): URL | undefined => {
  const text = Buffer.from(token.slice(prefix.length), "base64url").toString();
  return token.startsWith(prefix) && URL.canParse(text) ? new URL(text) : undefined;
};

/**
 * Reads EKS's bearer tokens: a presigned GetCallerIdentity, bound to one cluster by a signed header. One that was
 * verified is taken until 14 minutes after it was signed, as EKS does.
 */
export const tokenReader = (verify: VerifyPresigned) => {
  const known = new Map<string, { arn: string; until: number }>();
  return async (authorization: string | undefined, cluster: string): Promise<{ arn: string } | undefined> => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    const url = token === undefined ? undefined : presigned(token);
    const signedHeaders = url?.searchParams.get("X-Amz-SignedHeaders")?.split(";") ?? [];
    if (token === undefined || url === undefined || !signedHeaders.includes("x-k8s-aws-id")) return undefined;
    const key = createHash("sha256").update(`${cluster} ${token}`).digest("base64");
    const now = Date.now();
    const before = known.get(key);
    if (before !== undefined) return before.until > now ? before : undefined;
    const identity = await verify(url.href, { "x-k8s-aws-id": cluster });
    if (identity === null) return undefined;
    for (const [old, { until }] of known) if (until <= now) known.delete(old);
    known.set(key, { arn: identity.arn, until: signedAt(url) + life });
    return identity;
  };
};
