/** Stream ARNs and records between clients, who know the deployment's ARNs, and dynoxide, which has labels of its own. */
export type StreamNames = {
  /** The deployment's ARN of a table's stream. */
  set(table: string, arn: string): void;
  arnOf(table: string): string;
};

const streamArn = /^arn:aws:dynamodb:[^:]*:[^:]*:table\/([^/]+)\/stream\/.+$/;

/** The table of a stream's ARN, whoever's label it has. */
export const tableOfStream = (arn: unknown): string | null => streamArn.exec(String(arn))?.[1] ?? null;

/** AWS's own form: `<stream ARN>|1|<iterator>`; so that a call with nothing but an iterator still names its stream. */
export const wrapIterator = (arn: string, iterator: string): string => `${arn}|1|${iterator}`;

/** @returns null when it is none of ours. */
export const unwrapIterator = (value: unknown): { arn: string; iterator: string } | null => {
  const [arn, version, iterator] = String(value).split("|");
  return arn && version === "1" && iterator ? { arn, iterator } : null;
};

export const createStreamNames = (region: string, account: string): StreamNames => {
  const known = new Map<string, string>();
  return {
    set: (table, arn) => void known.set(table, arn),
    arnOf: (table) =>
      known.get(table) ?? `arn:aws:dynamodb:${region}:${account}:table/${table}/stream/2026-01-01T00:00:00.000`,
  };
};
