import { isIP } from "node:net";
import type { Kind, Metadata, NameRule } from "./kinds/kind.ts";
import { type Cause, prohibited, required, wrong } from "./status.ts";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

const rules: Readonly<Record<NameRule, { pattern: RegExp; longest: number; why: string }>> = {
  subdomain: {
    pattern: new RegExp(`^${label}(\\.${label})*$`),
    longest: 253,
    why: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  },
  label: {
    pattern: new RegExp(`^${label}$`),
    longest: 63,
    why: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  },
  label1035: {
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    longest: 63,
    why: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  },
  path: { pattern: /^(?!\.{1,2}$)[^/%]+$/, longest: 253, why: "may not be '.' or '..', or contain '/' or '%'" },
};

const qualified = new RegExp(`^(${label}(\\.${label})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`);
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

const mostAnnotations = 256 * 1024;

const named = (kind: Kind, name: string | undefined): Cause[] => {
  if (name === undefined || name === "") return [required("metadata.name", "name or generateName is required")];
  const { pattern, longest, why } = rules[kind.nameRule];
  return [
    ...(pattern.test(name) && (kind.nameRule !== "label" || isIP(name) === 0)
      ? []
      : [wrong("metadata.name", name, why)]),
    ...(name.length > longest ? [wrong("metadata.name", name, `must be no more than ${longest} characters`)] : []),
  ];
};

const keys = (field: string, entries: Readonly<Record<string, string>> = {}): Cause[] =>
  Object.keys(entries)
    .filter((key) => !qualified.test(key))
    .map((key) =>
      wrong(
        field,
        key,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ),
    );

/** What is wrong with an object's name, labels and annotations. */
export const metadataCauses = (kind: Kind, metadata: Metadata, old?: Metadata): Cause[] => {
  const size = Object.entries(metadata.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  return [
    ...(old === undefined ? named(kind, metadata.name) : []),
    ...keys("metadata.labels", metadata.labels),
    ...Object.values(metadata.labels ?? {})
      .filter((value) => !labelValue.test(value))
      .map((value) =>
        wrong(
          "metadata.labels",
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
      ),
    ...keys("metadata.annotations", metadata.annotations),
    ...(size > mostAnnotations
      ? [prohibited("metadata.annotations", `must have at most ${mostAnnotations} bytes`)]
      : []),
  ];
};

const letters = "bcdfghjklmnpqrstvwxz2456789";

/** The end of a name that the server makes from `generateName`. */
export const nameSuffix = (): string =>
  Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join("");
