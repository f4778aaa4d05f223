import { AwsError } from "../../gateway/service.ts";

/** One page of a list. The token is the position where the next page begins. */
export const page = <T>(
  all: readonly T[],
  input: { maxResults?: number; nextToken?: string },
  standard: number,
): { items: T[]; nextToken?: string } => {
  const start = input.nextToken === undefined ? 0 : Number(Buffer.from(input.nextToken, "base64url").toString());
  if (!Number.isInteger(start) || start < 0) throw new AwsError("InvalidToken", `Invalid Token: '${input.nextToken}'`);
  const end = start + (input.maxResults || standard);
  const items = all.slice(start, end);
  return end < all.length ? { items, nextToken: Buffer.from(String(end)).toString("base64url") } : { items };
};
