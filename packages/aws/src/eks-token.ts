import { AwsV4Signer } from "aws4fetch";

export type SigningKey = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
};

/**
 * A bearer token for an EKS cluster: a presigned GetCallerIdentity, bound to the cluster by a signed header. EKS takes
 * it for 15 minutes after it was signed. https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export const eksToken = async (options: {
  readonly cluster: string;
  readonly region: string;
  /** The regional endpoint of STS. */
  readonly sts: string;
  readonly key: SigningKey;
}): Promise<string> => {
  const url = new URL("/", options.sts);
  url.search = new URLSearchParams({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Expires": "60",
  }).toString();
  const signer = new AwsV4Signer({
    url: url.href,
    method: "GET",
    headers: { "x-k8s-aws-id": options.cluster },
    service: "sts",
    region: options.region,
    signQuery: true,
    accessKeyId: options.key.accessKeyId,
    secretAccessKey: options.key.secretAccessKey,
    ...(options.key.sessionToken !== undefined && { sessionToken: options.key.sessionToken }),
  });
  const signed = await signer.sign();
  return `k8s-aws-v1.${Buffer.from(signed.url.href).toString("base64url")}`;
};
