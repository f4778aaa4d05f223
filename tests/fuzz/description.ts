import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** JSON Schema, as far as the API's description uses it. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
};

export type Parameter = {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
};

type Content = Readonly<
  Record<string, { readonly schema: Schema; readonly examples?: Readonly<Record<string, unknown>> }>
>;

export type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly isPublic: boolean;
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
type Described = {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Operation["responses"];
};

/** The API as its own document describes it, and a judge of what it answers. */
export const readDescription = async (api: string) => {
  const document = (await (await fetch(`${api}/openapi.json`)).json()) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, "api");
  const judges = new Map<string, ValidateFunction>();
  const pointer = (...parts: readonly string[]): string =>
    `api#/${parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      parameters: described.parameters ?? [],
      body: described.requestBody?.content["application/json"]?.schema,
      isPublic: described.security?.length === 0,
      responses: described.responses,
    })),
  );

  return {
    operations,
    /** The schema itself where this is a reference. */
    resolve: (schema: Schema): Schema => {
      const name = schema.$ref?.split("/").at(-1);
      return name === undefined ? schema : (document.components.schemas[name] ?? {});
    },
    /** What is wrong with an answer by the document: nothing, or why. */
    judge: (operation: Operation, answer: { status: number; type: string; body: unknown }): string | undefined => {
      const content = operation.responses[String(answer.status)]?.content;
      if (content === undefined) return `${answer.status} is not among its answers`;
      const type = Object.keys(content).find((each) => each.split(";")[0] === answer.type.split(";")[0]);
      if (type === undefined) return `${answer.type} is not among its content types`;
      if (!type.includes("json")) return undefined;
      const where = pointer(
        "paths",
        operation.path,
        operation.method.toLowerCase(),
        "responses",
        String(answer.status),
        "content",
        type,
        "schema",
      );
      const judge = judges.get(where) ?? ajv.compile({ $ref: where });
      judges.set(where, judge);
      if (!judge(answer.body)) return ajv.errorsText(judge.errors);
      const codes = Object.keys(content[type]?.examples ?? {});
      const { type: code = "" } = answer.body as { type?: string };
      const isProblem = type.startsWith("application/problem");
      return isProblem && !codes.includes(code.split("/").at(-1) ?? "")
        ? `${code} is not among its problems`
        : undefined;
    },
  };
};

export type Description = Awaited<ReturnType<typeof readDescription>>;
