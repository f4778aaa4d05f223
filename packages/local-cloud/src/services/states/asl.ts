/** JSON as it travels between states. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

export type Retrier = {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  BackoffRate?: number;
  MaxAttempts?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
};

export type Catcher = { ErrorEquals: string[]; Next: string; ResultPath?: string | null };

/** A value where text is wanted: strings as they are, anything else as JSON. */
export const asText = (value: Json | undefined): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);

/** A choice rule: one comparison, or a combination of rules. */
export type Rule = { [operator: string]: Json };

/** One state, with the fields of all types; validation has checked which belong together. */
export type State = {
  Type: "Task" | "Pass" | "Choice" | "Wait" | "Succeed" | "Fail" | "Parallel" | "Map";
  Next?: string;
  End?: boolean;
  InputPath?: string | null;
  OutputPath?: string | null;
  ResultPath?: string | null;
  Parameters?: Json;
  ResultSelector?: Json;
  Retry?: Retrier[];
  Catch?: Catcher[];
  Resource?: string;
  TimeoutSeconds?: number;
  TimeoutSecondsPath?: string;
  Result?: Json;
  Choices?: Rule[];
  Default?: string;
  Seconds?: number;
  SecondsPath?: string;
  Timestamp?: string;
  TimestampPath?: string;
  Error?: string;
  ErrorPath?: string;
  Cause?: string;
  CausePath?: string;
  Branches?: Definition[];
  ItemsPath?: string;
  ItemSelector?: Json;
  ItemProcessor?: Definition;
  Iterator?: Definition;
  MaxConcurrency?: number;
};

/** A state machine, a branch or an item processor in the Amazon States Language. */
export type Definition = {
  StartAt: string;
  States: Record<string, State>;
  TimeoutSeconds?: number;
};

/** All states of a definition, with those of its branches and item processors. */
export const allStates = (definition: Definition): [string, State][] =>
  Object.entries(definition.States).flatMap(([name, state]) => {
    const inner = [...(state.Branches ?? []), state.ItemProcessor ?? state.Iterator].filter((one) => one !== undefined);
    return [[name, state] as [string, State], ...inner.flatMap(allStates)];
  });
