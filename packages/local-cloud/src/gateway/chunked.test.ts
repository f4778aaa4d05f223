import { describe, expect, test } from "vitest";
import { dechunk } from "./chunked.ts";
import type { Signature } from "./signature.ts";

/** The examples of AWS's own pages: 66,560 letters "a" in chunks of 65,536, 1,024 and 0 bytes. */
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const seed = (signature: string): Signature => ({
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  date: "20130524",
  region: "us-east-1",
  service: "s3",
  signedHeaders: [],
  signature,
  time: "20130524T000000Z",
});
const wire = (signatures: readonly string[], trailer = ""): Buffer =>
  Buffer.from(
    [65_536, 1024, 0]
      .map(
        (size, index) =>
          `${size.toString(16)};chunk-signature=${signatures[index]}\r\n${"a".repeat(size)}${size > 0 ? "\r\n" : ""}`,
      )
      .join("") + (trailer === "" ? "\r\n" : trailer),
  );

describe("aws-chunked bodies", () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
  const chunks = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ];
  const first = seed("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  const mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

  test("each chunk's signature is verified: AWS's own example", () => {
    const { body } = dechunk(wire(chunks), mode, first, secret);
    expect(body.equals(Buffer.from("a".repeat(66_560)))).toBe(true);
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
  const trailing = [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
  ];
  const second = seed("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  const trailer = (checksum: string): string =>
    `x-amz-checksum-crc32c:${checksum}\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`;

  test("the trailer's signature is verified: AWS's own example", () => {
    const { trailers } = dechunk(wire(trailing, trailer("sOO8/Q==")), `${mode}-TRAILER`, second, secret);
    expect(trailers).toEqual({ "x-amz-checksum-crc32c": "sOO8/Q==" });
  });

  test.for([
    ["a changed byte", () => dechunk(Buffer.from(wire(chunks).toString().replace("aaa", "aba")), mode, first, secret)],
    ["a chunk left out", () => dechunk(wire([chunks[1] ?? "", chunks[1] ?? "", chunks[2] ?? ""]), mode, first, secret)],
    ["another request's chunks", () => dechunk(wire(chunks), mode, second, secret)],
    ["a changed trailer", () => dechunk(wire(trailing, trailer("AAAAAA==")), `${mode}-TRAILER`, second, secret)],
  ] as const)("refuses %s", ([, run]) => {
    expect(run).toThrow(expect.objectContaining({ code: "SignatureDoesNotMatch" }));
  });

  test.for(["", "zz\r\n", "5\r\nab", "5\r\nabcde", "5\r\nabcdeXX0\r\n\r\n"])(
    "refuses a body that is cut short or none: %j",
    (text) => {
      expect(() => dechunk(Buffer.from(text), "STREAMING-UNSIGNED-PAYLOAD-TRAILER", first, secret)).toThrow(
        expect.objectContaining({ code: "IncompleteBody" }),
      );
    },
  );
});
