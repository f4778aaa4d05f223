export type Level = "info" | "warn" | "error";

/**
 * One line of JSON on standard output, where Lambda picks it up. Fields without a value are left out. Callers pass
 * ids and names only, never tokens, bodies or credentials.
 */
export const log = (level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
};

/** An error as fields of a log line: name, message, stack and the chain of causes. */
export const errorFields = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { error: { message: String(error) } };
  const { name, message, stack, cause } = error;
  return { error: { name, message, stack, ...(cause === undefined ? {} : { cause: errorFields(cause).error }) } };
};
