/** One reason inside a refusal, such as a field that is missing. */
export type Cause = { readonly reason: string; readonly message: string; readonly field: string };

/** What a refusal is about. `kind` is the kind or the plural, as the API server happens to write it. */
export type Subject = { readonly group: string; readonly kind: string; readonly name?: string };

type Details = Partial<Subject> & { readonly causes?: readonly Cause[]; readonly uid?: string };

/** A refusal, in the API server's own form. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Details | undefined;
  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

const detailsOf = (details: Details | undefined) => {
  if (details === undefined) return {};
  const { name, group, kind, uid, causes } = details;
  return {
    details: {
      ...(name !== undefined && name !== "" && { name }),
      ...(group !== undefined && group !== "" && { group }),
      ...(kind !== undefined && { kind }),
      ...(uid !== undefined && { uid }),
      ...(causes !== undefined && causes.length > 0 && { causes }),
    },
  };
};

export const failureStatus = (error: StatusError): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: error.message,
  ...(error.reason !== "" && { reason: error.reason }),
  ...detailsOf(error.details),
  code: error.code,
});

export const successStatus = (subject: Subject, uid: string): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  ...detailsOf({ ...subject, uid }),
});

const qualified = ({ group, kind }: Subject): string => (group === "" ? kind : `${kind}.${group}`);

export const notFound = (subject: Subject): StatusError =>
  new StatusError(404, "NotFound", `${qualified(subject)} "${subject.name}" not found`, subject);

/** The path leads to no kind that this cluster serves. */
export const noSuchResource = (): StatusError =>
  new StatusError(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (subject: Subject): StatusError =>
  new StatusError(409, "AlreadyExists", `${qualified(subject)} "${subject.name}" already exists`, subject);

export const conflict = (subject: Subject, why: string): StatusError =>
  new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`,
    subject,
  );

export const modified = (subject: Subject): StatusError =>
  conflict(subject, "the object has been modified; please apply your changes to the latest version and try again");

export const forbidden = (subject: Subject, why: string, causes: readonly Cause[] = []): StatusError =>
  new StatusError(403, "Forbidden", `${qualified(subject)} "${subject.name ?? ""}" is forbidden: ${why}`, {
    ...subject,
    causes,
  });

export const badRequest = (message: string): StatusError => new StatusError(400, "BadRequest", message);

export const unauthorized = (): StatusError => new StatusError(401, "Unauthorized", "Unauthorized");

export const notAllowed = (): StatusError =>
  new StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

/** What the embedded cloud's cluster lacks: by name, never a pretended success. */
export const missing = (what: string): StatusError =>
  new StatusError(501, "NotImplemented", `The embedded cloud's Kubernetes API has no ${what}.`);

export const invalid = (subject: Subject, causes: readonly Cause[]): StatusError => {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new StatusError(422, "Invalid", `${qualified(subject)} "${subject.name ?? ""}" is invalid: ${text}`, {
    ...subject,
    causes,
  });
};

export const required = (field: string, more = ""): Cause => ({
  reason: "FieldValueRequired",
  message: `Required value${more === "" ? "" : `: ${more}`}`,
  field,
});

export const wrong = (field: string, value: unknown, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export const unsupported = (field: string, value: unknown, supported: readonly string[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(", ")}`,
  field,
});

export const prohibited = (field: string, why: string): Cause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${why}`,
  field,
});
