import type { AwsRequest, AwsResponse } from "../../gateway/service.ts";

/**
 * ListObjectVersions on a bucket without versioning, which is all there is here: each object is its one version, named
 * `null`, and no delete marker stands anywhere.
 */
export const listVersions = async (
  request: AwsRequest,
  send: (search: string) => Promise<AwsResponse>,
): Promise<AwsResponse> => {
  const asked = request.url.searchParams;
  const search = new URLSearchParams();
  for (const [name, value] of [
    ["prefix", asked.get("prefix")],
    ["delimiter", asked.get("delimiter")],
    ["max-keys", asked.get("max-keys")],
    ["marker", asked.get("key-marker")],
  ] as const)
    if (value !== null) search.set(name, value);
  const listed = await send(`?${search.toString()}`);
  if (listed.status !== 200) return listed;
  const body = Buffer.from(listed.body ?? "")
    .toString("utf8")
    .replaceAll("ListBucketResult", "ListVersionsResult")
    .replaceAll("<Contents>", "<Version><VersionId>null</VersionId><IsLatest>true</IsLatest>")
    .replaceAll("</Contents>", "</Version>")
    .replaceAll(/<(\/?)Marker>/g, "<$1KeyMarker>")
    .replaceAll(
      /<NextMarker>([^<]*)<\/NextMarker>/g,
      "<NextKeyMarker>$1</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>",
    );
  return { ...listed, headers: { "content-type": "application/xml" }, body };
};
