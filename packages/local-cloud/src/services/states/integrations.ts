import { randomUUID } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import { asText, type Json, type JsonObject } from "./asl.ts";
import { Failure, runtimeFailure } from "./failure.ts";
import type { RoleClient } from "./role-client.ts";
import type { Integration } from "./task.ts";

const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const serviceNames: Readonly<Record<string, string>> = {
  dynamodb: "DynamoDB",
  events: "EventBridge",
  lambda: "Lambda",
};

/** An error of the called service itself, as Step Functions names it. */
const serviceFailure = (service: string, error: unknown): Failure => {
  const name = serviceNames[service] ?? capital(service);
  if (!(error instanceof AwsError)) {
    return new Failure(`${name}.SdkClientException`, error instanceof Error ? error.message : String(error));
  }
  const cause = `${error.message} (Service: ${name}, Status Code: ${error.status}, Request ID: ${randomUUID()})`;
  if (service === "lambda" && error.status >= 500) return new Failure("Lambda.ServiceException", cause);
  if (service === "lambda" && error.status === 403) return new Failure("Lambda.AWSLambdaException", cause);
  const code = error.code.endsWith("Exception") || error.status >= 500 ? error.code : `${error.code}Exception`;
  return new Failure(`${name}.${code}`, cause);
};

const invoke = async (client: RoleClient, functionName: string, payload: Json): Promise<Json> => {
  const result = await client.invoke(functionName, payload).catch((error: unknown) => {
    throw serviceFailure("lambda", error);
  });
  if (result.error === undefined) return (result.payload ?? null) as Json;
  throw new Failure(result.error.errorType || "Lambda.Unknown", JSON.stringify(result.error));
};

const invokeAnswer = (payload: Json): JsonObject => ({
  ExecutedVersion: "$LATEST",
  Payload: payload,
  SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
  SdkResponseMetadata: { RequestId: randomUUID() },
  StatusCode: 200,
});

/** Events carry their detail as JSON text, but a state machine writes it as an object. */
const eventsInput = (parameters: JsonObject): JsonObject => ({
  ...parameters,
  Entries: (Array.isArray(parameters["Entries"]) ? parameters["Entries"] : []).map((entry) => {
    const { Detail: detail = {}, ...rest } = entry as JsonObject;
    return { ...rest, Detail: asText(detail) };
  }),
});

/** EventBridge answers 200 for entries that it did not take. */
const refusedEntries = (answer: JsonObject): string | undefined =>
  Number(answer["FailedEntryCount"] ?? 0) > 0 ? JSON.stringify(answer["Entries"]) : undefined;

/** Calls tasks' resources in the name of a state machine's role. */
export const integration =
  (client: RoleClient): Integration =>
  async (resource, parameters) => {
    if (resource.kind === "function") return invoke(client, resource.functionArn, parameters);
    if (parameters === null || typeof parameters !== "object" || Array.isArray(parameters)) {
      throw runtimeFailure("The parameters of a service integration are not an object");
    }
    const { type, action } = resource;
    if (type === "lambda") {
      return invokeAnswer(await invoke(client, asText(parameters["FunctionName"]), parameters["Payload"] ?? {}));
    }
    const input = type === "events" ? eventsInput(parameters) : parameters;
    const answer = (await client.call(type, capital(action), input).catch((error: unknown) => {
      throw serviceFailure(type, error);
    })) as JsonObject;
    const refused = refusedEntries(answer);
    if (refused !== undefined) throw new Failure("EventBridge.FailedEntry", refused);
    return answer;
  };
