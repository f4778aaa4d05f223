import { clusterType } from "./access.ts";

export const operator = "arn:aws:iam::123456789012:root";

/** A cluster as a deployment registers it. */
export const testCluster = (name: string) => ({
  type: clusterType,
  name,
  outputs: { name, version: "1.34", certificateAuthority: { data: Buffer.from("certificate").toString("base64") } },
});

/** A bearer token of the right form; whose it is, the test's verifier says. */
export const bearer = (cluster: string, user = ""): string => {
  const url = new URL("https://sts.us-east-1.amazonaws.com/");
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  url.search = new URLSearchParams({
    Action: "GetCallerIdentity",
    "X-Amz-Date": date,
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": "00",
    cluster,
    user,
  }).toString();
  return `Bearer k8s-aws-v1.${Buffer.from(url.href).toString("base64url")}`;
};
