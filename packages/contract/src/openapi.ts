import { signedIn } from "@tenantry/core/access/decide";
import { type ProblemCode, problems } from "@tenantry/core/problem";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from "zod-openapi";
import { z } from "zod";
import { idempotencyHeader, type Operation, problemsOf } from "./define.ts";
import { operations } from "./operations.ts";
import { ProblemBody, problemContentType, problemType } from "./schemas/problem.ts";

const requestId = z
  .string()
  .meta({ description: "Names the request in our logs.", example: "0f7b6c1e-8a4d-4a55-9a3e-6f2b0c1d2e3f" });

const idempotencyHeaders = z.object({
  [idempotencyHeader]: z.string().min(1).max(255).optional().meta({
    description:
      "Yours to choose, such as a UUID. Within 24 hours the same key and request get the same response and nothing is done twice.",
    example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  }),
});

const exampleOf = (code: ProblemCode) => ({
  summary: problems[code].title,
  value: {
    type: problemType(code),
    title: problems[code].title,
    status: problems[code].status,
    detail: `${problems[code].title}.`,
    request_id: "0f7b6c1e-8a4d-4a55-9a3e-6f2b0c1d2e3f",
  },
});

const problemResponses = (operation: Operation): ZodOpenApiResponsesObject => {
  const byStatus = Map.groupBy(problemsOf(operation), (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status) as `4${string}`,
      {
        description: codes.map((code) => `${problems[code].title} (\`${code}\`).`).join(" "),
        headers: z.object({ "x-request-id": requestId }),
        content: {
          [problemContentType]: {
            schema: ProblemBody,
            examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
          },
        },
      },
    ]),
  );
};

/** What a table can be had as besides JSON. */
const tables = Object.fromEntries(
  [
    ["text/csv", "A row for each bucket, with a header; a page's successor is in the header `Link`."],
    ["application/x-ndjson", "The same rows as JSON lines."],
  ].map(([type = "", description]) => [type, { schema: z.string().meta({ description }) }]),
);

const contentOf = (content: Readonly<Record<string, z.ZodType>>) =>
  Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));

const pathItem = (operation: Operation): ZodOpenApiOperationObject => ({
  operationId: operation.id,
  tags: [operation.tag],
  summary: operation.summary,
  description:
    operation.permission === null
      ? operation.description
      : operation.permission === signedIn
        ? `${operation.description}\n\nNeeds no permission, but a user's own token.`
        : `${operation.description}\n\nNeeds the permission \`${operation.permission}\`.`,
  security: operation.permission === null ? [] : [{ accessToken: [] }],
  requestParams: {
    path: operation.params,
    query: operation.query,
    ...(operation.method === "POST" ? { header: idempotencyHeaders } : {}),
  },
  ...(operation.body === null
    ? {}
    : {
        requestBody: {
          required: true,
          content: contentOf(operation.content ?? { "application/json": operation.body }),
        },
      }),
  responses: {
    [String(operation.success.status) as `2${string}`]: {
      description: operation.success.description,
      headers: z.object({ ...operation.success.headers?.shape, "x-request-id": requestId }),
      content: {
        [operation.success.contentType]: { schema: operation.success.body },
        ...(operation.success.rows === undefined ? {} : tables),
      },
    },
    ...problemResponses(operation),
  },
});

/** The contract as an OpenAPI 3.1 document. */
export const openapi = () => {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of Object.values<Operation>(operations))
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = pathItem(operation);
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "Tenantry",
      version: "0.1.0",
      summary: "The control plane's admin API.",
      description:
        "Onboards tenants and reads what they use. JSON in `snake_case`; errors are problems (RFC 9457); every response " +
        "carries `x-request-id`; lists are paged by an opaque cursor that belongs to its filter.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The API that serves this document." }],
    tags: [
      { name: "Tenants", description: "The tenants of the platform." },
      { name: "Operations", description: "Work that outlives its request." },
      { name: "Usage", description: "What tenants used." },
      { name: "Storage", description: "Tenants' files." },
      { name: "Webhooks", description: "URLs that are told of events." },
      { name: "Sessions", description: "Your own sign-ins." },
      { name: "Audit", description: "Who did what, when and from where." },
      { name: "API keys", description: "What a tenant's own programs call the API with." },
      { name: "Users", description: "The people of a tenant, and what they may do." },
      { name: "Service", description: "The API itself." },
    ],
    security: [{ accessToken: [] }],
    components: {
      securitySchemes: {
        accessToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "An access token of the platform's Cognito user pool.",
        },
      },
    },
    paths,
  });
};
