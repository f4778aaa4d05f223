import type { ProgramError } from "./engine/errors.ts";

// Frames of the runner, the components and the packages say nothing about the app.
const foreign = /node_modules|\.sst\/platform|\beval\.ts\b|node:internal|<anonymous>$/;

/** An error's text without the copy's folder, and of its stack only what lies in the app. */
const readable = ({ message, stack }: ProgramError, copy: string): string => {
  const frames = stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && line.includes(copy) && !foreign.test(line))
    .map((line) => line.replaceAll(`file://${copy}/`, "").replaceAll(`${copy}/`, ""));
  return [message.trim().replaceAll(`${copy}/`, ""), ...frames].join("\n");
};

/** What `sst` printed about its failure: all after the cross, or the last lines. */
const printed = (output: string): string => {
  const lines = output
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !line.startsWith("|  Created") && !line.startsWith("SST "));
  const cross = lines.findIndex((line) => line.startsWith("✕"));
  return (cross < 0 ? lines.slice(-10) : lines.slice(cross)).join("\n");
};

/** A deployment that failed, told as the developer needs it: the app's own error first. */
export class DeployError extends Error {
  /** Everything that `sst` printed. */
  readonly output: string;
  constructor(options: { command: string; errors: readonly ProgramError[]; output: string; copy: string }) {
    const { command, errors, output, copy } = options;
    const told =
      errors.length > 0
        ? errors.map((error) => readable(error, copy)).join("\n\n")
        : printed(output).replaceAll(`${copy}/`, "");
    super(`sst ${command} failed: ${told}`);
    this.name = "DeployError";
    this.output = output;
  }
}
