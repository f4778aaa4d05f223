/** What an authorizer's policy says of a method. */
export type Decision = "allow" | "explicit-deny" | "implicit-deny";

type Statement = {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
};

const list = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map((one) => String(one));

const like = (pattern: string, text: string, flags = "s"): boolean => {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`, flags).test(text);
};

const applies = (statement: Statement, arn: string): boolean => {
  if (statement.Condition !== undefined)
    throw new Error("The embedded cloud reads no Condition in an authorizer's policy.");
  const action = (patterns: unknown): boolean => list(patterns).some((one) => like(one, "execute-api:Invoke", "si"));
  const resource = (patterns: unknown): boolean => list(patterns).some((one) => like(one, arn));
  const acted = statement.NotAction === undefined ? action(statement.Action) : !action(statement.NotAction);
  return (
    acted && (statement.NotResource === undefined ? resource(statement.Resource) : !resource(statement.NotResource))
  );
};

/** Whether a policy document lets the method with this ARN be called. @throws Error when it is no policy document. */
export const decide = (document: unknown, arn: string): Decision => {
  const statements = (document as { Statement?: unknown } | null)?.Statement;
  if (statements === undefined || statements === null) throw new Error("The policy document has no statements.");
  const matching = (Array.isArray(statements) ? statements : [statements])
    .map((statement) => statement as Statement)
    .filter((statement) => applies(statement, arn))
    .map(({ Effect }) => {
      if (Effect !== "Allow" && Effect !== "Deny")
        throw new Error(`A policy's Effect cannot be ${JSON.stringify(Effect)}.`);
      return Effect;
    });
  if (matching.includes("Deny")) return "explicit-deny";
  return matching.includes("Allow") ? "allow" : "implicit-deny";
};
