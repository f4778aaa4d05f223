import { randomUUID } from "node:crypto";
import { AwsError } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";
import { asText, type Json, type JsonObject } from "./asl.ts";
import { Failure, runtimeFailure } from "./failure.ts";
import type { Integration } from "./task.ts";

/** Whether a state machine's role may do this. */
export type Authorise = (roleArn: string, action: string, resource: string) => boolean | Promise<boolean>;

type Deps = {
  readonly host: Pick<Host, "invoke" | "call" | "region" | "account">;
  readonly authorise: Authorise;
  readonly roleArn: string;
};

const camel = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const functionArn = ({ host }: Deps, name: string): string =>
  name.startsWith("arn:") ? name : `arn:aws:lambda:${host.region}:${host.account}:function:${name}`;

const denied = (deps: Deps, error: string, service: string, action: string, resource: string): Failure => {
  const user = deps.roleArn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
  return new Failure(
    error,
    `User: ${user}/states is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action (Service: ${service}, Status Code: 403, Request ID: ${randomUUID()})`,
  );
};

/** Errors of the Lambda service itself, as Step Functions names them. */
const lambdaServiceError = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof AwsError) || error.status >= 500) return new Failure("Lambda.ServiceException", message);
  return new Failure(`Lambda.${error.code.replace(/Exception$/, "")}Exception`, message);
};

const invoke = async (deps: Deps, name: string, payload: Json): Promise<Json> => {
  const resource = functionArn(deps, name);
  if (!(await deps.authorise(deps.roleArn, "lambda:InvokeFunction", resource))) {
    throw denied(deps, "Lambda.AWSLambdaException", "Lambda", "lambda:InvokeFunction", resource);
  }
  const result = await deps.host.invoke(name, payload).catch((error: unknown) => {
    throw lambdaServiceError(error);
  });
  if (result.error !== undefined) {
    const { errorType, errorMessage, trace } = result.error;
    const cause = JSON.stringify({ errorType, errorMessage, ...(trace && { trace }) });
    throw new Failure(errorType || "Lambda.Unknown", cause);
  }
  return (result.payload ?? null) as Json;
};

const invokeAnswer = (payload: Json): JsonObject => ({
  ExecutedVersion: "$LATEST",
  Payload: payload,
  SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
  SdkResponseMetadata: { RequestId: randomUUID() },
  StatusCode: 200,
});

const serviceNames: Readonly<Record<string, string>> = { dynamodb: "DynamoDb", events: "EventBridge" };

const resourceOf = ({ host }: Deps, type: string, parameters: JsonObject): string => {
  const arn = `arn:aws:${type}:${host.region}:${host.account}`;
  if (type === "dynamodb") return `${arn}:table/${asText(parameters["TableName"])}`;
  const [entry] = Array.isArray(parameters["Entries"]) ? parameters["Entries"] : [];
  const bus = asText((entry as JsonObject | undefined)?.["EventBusName"] ?? "default");
  return bus.startsWith("arn:") ? bus : `${arn}:event-bus/${bus}`;
};

/** Events carry their detail as JSON text, but a state machine writes it as an object. */
const eventsInput = (parameters: JsonObject): JsonObject => ({
  ...parameters,
  Entries: (Array.isArray(parameters["Entries"]) ? parameters["Entries"] : []).map((entry) => {
    const { Detail: detail = {}, ...rest } = entry as JsonObject;
    return { ...rest, Detail: typeof detail === "string" ? detail : JSON.stringify(detail) };
  }),
});

const callService = async (deps: Deps, type: string, resource: string, parameters: JsonObject): Promise<Json> => {
  const name = serviceNames[type] ?? camel(type);
  const action = `${type}:${camel(resource)}`;
  const target = resourceOf(deps, type, parameters);
  if (!(await deps.authorise(deps.roleArn, action, target))) {
    throw denied(deps, `${name}.AccessDeniedException`, name, action, target);
  }
  try {
    const input = type === "events" ? eventsInput(parameters) : parameters;
    return (await deps.host.call(type, camel(resource), input)) as Json;
  } catch (error) {
    const code = error instanceof AwsError ? error.code : "SdkClientException";
    throw new Failure(`${name}.${code}`, error instanceof Error ? error.message : String(error));
  }
};

/** Calls tasks' resources in the name of a state machine's role. */
export const integration =
  (deps: Deps): Integration =>
  async (resource, parameters) => {
    if (resource.kind === "function") return invoke(deps, resource.functionArn, parameters);
    if (parameters === null || typeof parameters !== "object" || Array.isArray(parameters)) {
      throw runtimeFailure("The parameters of a service integration are not an object");
    }
    if (resource.type === "lambda") {
      return invokeAnswer(await invoke(deps, asText(parameters["FunctionName"]), parameters["Payload"] ?? {}));
    }
    return callService(deps, resource.type, resource.resource, parameters);
  };
