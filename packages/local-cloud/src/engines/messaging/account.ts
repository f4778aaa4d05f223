/** fauxqs' account, which cannot be set. */
const theirs = "000000000000";

/** Fields that hold what senders wrote; nothing in them is an ARN of ours to mend. */
const content: ReadonlySet<string> = new Set([
  "Body",
  "MessageBody",
  "Message",
  "MessageAttributes",
  "MessageSystemAttributes",
  "ReceiptHandle",
  "Subject",
]);

const swap = (text: string, from: string, to: string): string =>
  text.replaceAll(`:${from}:`, `:${to}:`).replaceAll(`/${from}/`, `/${to}/`);

const mend = (value: unknown, from: string, to: string): unknown => {
  if (typeof value === "string") return swap(value, from, to);
  if (Array.isArray(value)) return value.map((item) => mend(item, from, to));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, content.has(key) ? field : mend(field, from, to)]),
  );
};

type Translation = {
  readonly inward: (value: unknown) => unknown;
  readonly outward: (value: unknown) => unknown;
  readonly inwardText: (text: string) => string;
  readonly outwardText: (text: string) => string;
};

/** Writes one account for the other in ARNs and queue addresses, never in messages. */
export const accountTranslation = (ours: string): Translation => ({
  inward: (value) => mend(value, ours, theirs),
  outward: (value) => mend(value, theirs, ours),
  inwardText: (text) => swap(text, ours, theirs),
  outwardText: (text) => swap(text, theirs, ours),
});
