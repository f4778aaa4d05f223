/** What went wrong in the program, once each, in the order in which it came up. */
export type ProgramError = { readonly message: string; readonly stack: string };

/** Collects the program's errors; the same one usually surfaces as a rejection in several places. */
export const errorList = () => {
  const list: ProgramError[] = [];
  const add = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    const stack = error instanceof Error ? (error.stack ?? message) : message;
    // Pulumi throws an empty error to end a program whose error it has already reported.
    if (message === "" && !stack.includes("\n")) return;
    if (list.some((known) => known.message === message || message.includes(known.message))) return;
    list.push({ message, stack });
  };
  return { list: list as readonly ProgramError[], add };
};
