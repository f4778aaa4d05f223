import { join, resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** The project's folder. */
export const root = join(import.meta.dirname, "..");

export const defaultData = join(root, ".local");

/** A mistake on the command line; the message is one line. */
export class UsageError extends Error {}

/** Parses options strictly: an unknown one, or a word too many, is a mistake. */
const parse = <T extends NonNullable<ParseArgsConfig["options"]>>(args: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split(/\. To specify|\n/);
    throw new UsageError(`${line.replace(/\.$/, "")}. See --help.`);
  }
};

const port = (text: string): number => {
  const number = Number(text);
  // The AWS endpoint takes the port after the API's.
  if (!/^\d+$/.test(text) || number > 65_534)
    throw new UsageError(`--port takes a number from 0 to 65534, not "${text}".`);
  return number;
};

export const startHelp = `npm start -- [options]

  --port N    the API's port, 4000 by default; the AWS endpoint gets the next one; 0 takes any two
  --data DIR  the folder that keeps everything between runs, .local by default
  --fresh     empty that folder first
  --watch     deploy again whenever a source file changes
  --help      this text
`;

export const startOptions = (args: readonly string[]) => {
  const values = parse(args, {
    port: { type: "string", default: "4000" },
    data: { type: "string", default: defaultData },
    fresh: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  });
  return { ...values, port: port(values.port), data: resolve(values.data), isDefaultData: values.data === defaultData };
};

export const tokenHelp = `npm run --silent token -- [options]

  --data DIR                          the data folder of the running cloud, .local by default
  --email ADDRESS --password WORD     another user than the platform admin
  --help                              this text
`;

export const tokenOptions = (args: readonly string[]) => {
  const values = parse(args, {
    data: { type: "string", default: defaultData },
    email: { type: "string" },
    password: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if ((values.email === undefined) !== (values.password === undefined)) {
    throw new UsageError("--email and --password go together. See --help.");
  }
  const user =
    values.email === undefined || values.password === undefined
      ? undefined
      : { email: values.email, password: values.password };
  return { data: resolve(values.data), help: values.help, user };
};
