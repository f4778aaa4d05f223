import { AwsError, notImplemented, type AwsRequest, type Permission, type Service } from "../gateway/service.ts";
import { restReply, restService } from "../protocols/rest.ts";
import type { Deliveries } from "../lambda/deliveries.ts";
import { functionName, type LambdaFunction } from "../lambda/function.ts";
import type { LambdaHost } from "../lambda/host.ts";
import type { Mapping } from "../lambda/sources/mapping.ts";
import type { Sources } from "../lambda/sources/sources.ts";

const FUNCTIONS = "/2015-03-31/functions";
const MAPPINGS = "/2015-03-31/event-source-mappings";

const configurationOf = (definition: LambdaFunction) => ({
  FunctionName: definition.name,
  FunctionArn: definition.arn,
  Runtime: "nodejs24.x",
  Role: definition.role,
  Handler: definition.handler,
  CodeSha256: Buffer.from(definition.hash, "hex").toString("base64"),
  MemorySize: definition.memory,
  Timeout: definition.timeout,
  Environment: { Variables: definition.variables },
  LoggingConfig: { LogFormat: "Text", LogGroup: definition.logGroup },
  RevisionId: definition.revision,
  PackageType: "Zip",
  State: "Active",
  LastUpdateStatus: "Successful",
  Version: "$LATEST",
});

const mappingOf = (mapping: Mapping) => ({
  UUID: mapping.id,
  EventSourceArn: mapping.sourceArn,
  FunctionArn: mapping.functionArn,
  BatchSize: mapping.batchSize,
  MaximumBatchingWindowInSeconds: mapping.window,
  ParallelizationFactor: mapping.parallelization,
  MaximumRetryAttempts: mapping.maximumRetries,
  MaximumRecordAgeInSeconds: mapping.maximumAge,
  BisectBatchOnFunctionError: mapping.bisect,
  FunctionResponseTypes: mapping.partialFailures ? ["ReportBatchItemFailures"] : [],
  StartingPosition: mapping.startingPosition,
  State: mapping.enabled ? "Enabled" : "Disabled",
});

/** An Invoke payload must be JSON; an absent one is an empty object. */
const payloadOf = (body: Buffer): string => {
  const text = body.toString("utf8");
  if (text === "") return "{}";
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AwsError("InvalidRequestContentException", `Could not parse request body into json: ${reason}`, 400, {
      Type: "User",
    });
  }
  return text;
};

/** Lambda's API, as far as an application calls it: invoking, and reading what is deployed. */
export const lambdaService = (parts: {
  lambda: LambdaHost;
  deliveries: Deliveries;
  sources: Pick<Sources, "list" | "enable">;
}): Service => {
  const { lambda, deliveries, sources } = parts;

  const invoke = async (
    body: Buffer,
    params: Readonly<Record<string, string>>,
    request: AwsRequest,
  ): Promise<unknown> => {
    const definition = lambda.find(params["name"] ?? "");
    const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
    const payload = payloadOf(body);
    if (type === "DryRun") return restReply(204);
    if (type === "Event") {
      deliveries.enqueue({
        functionName: definition.name,
        payload: JSON.parse(payload),
        retries: definition.asyncRetries,
      });
      return restReply(202);
    }
    if (type !== "RequestResponse") {
      throw new AwsError("InvalidParameterValueException", `Unsupported invocation type ${String(type)}`, 400);
    }
    const tail = request.headers["x-amz-log-type"] === "Tail";
    const outcome = await lambda.run(definition.name, payload, { tail });
    return restReply(200, outcome.error ? JSON.stringify(outcome.error) : (outcome.payload ?? "null"), {
      "x-amz-executed-version": "$LATEST",
      ...(outcome.error ? { "x-amz-function-error": "Unhandled" } : {}),
      ...(tail ? { "x-amz-log-result": Buffer.from(outcome.tail).toString("base64") } : {}),
    });
  };

  const matching = (mapping: Mapping, query: URLSearchParams): boolean => {
    const [name, source] = [query.get("FunctionName"), query.get("EventSourceArn")];
    return (
      (name === null || functionName(mapping.functionArn) === functionName(name)) &&
      (source === null || mapping.sourceArn === source)
    );
  };

  const findMapping = (id: string | undefined): Mapping => {
    const found = sources.list().find((mapping) => mapping.id === id);
    if (found) return found;
    throw new AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404);
  };
  /** A mapping is switched on or off; anything else of it is the deployment's to change. */
  const updateMapping = async (input: Readonly<Record<string, unknown>>, id: string | undefined) => {
    const { UUID } = mappingOf(findMapping(id));
    const { Enabled, ...others } = input;
    if (typeof Enabled !== "boolean" || Object.keys(others).length > 0)
      throw notImplemented("lambda", `UpdateEventSourceMapping of ${Object.keys(others).join(", ") || "nothing"}`);
    await sources.enable(UUID, Enabled);
    return restReply(202, mappingOf(findMapping(id)));
  };

  const permissions = (request: AwsRequest): Permission[] => {
    const action = service.action(request);
    const name = /\/functions\/([^/]+)/.exec(decodeURIComponent(request.url.pathname))?.[1];
    const known = name === undefined ? undefined : lambda.list().find((one) => one.name === functionName(name));
    const unknown = `arn:aws:lambda:${request.region}:${request.caller?.account ?? "*"}:function:${functionName(name ?? "*")}`;
    if (action === null) return [];
    return [
      {
        action: action === "Invoke" ? "lambda:InvokeFunction" : `lambda:${action}`,
        resource: name === undefined ? "*" : (known?.arn ?? unknown),
      },
    ];
  };

  const service = restService({
    name: "lambda",
    permissions,
    routes: {
      [`POST ${FUNCTIONS}/{name}/invocations`]: { action: "Invoke", raw: true, handle: invoke },
      [`GET ${FUNCTIONS}/{name}`]: {
        action: "GetFunction",
        handle: (_, params) => ({
          Configuration: configurationOf(lambda.find(params["name"] ?? "")),
          Code: { RepositoryType: "S3" },
          Tags: {},
        }),
      },
      [`GET ${FUNCTIONS}`]: {
        action: "ListFunctions",
        handle: () => ({ Functions: lambda.list().map((definition) => configurationOf(definition)) }),
      },
      [`GET ${MAPPINGS}`]: {
        action: "ListEventSourceMappings",
        handle: (_, _params, request) => ({
          EventSourceMappings: sources
            .list()
            .filter((mapping) => matching(mapping, request.url.searchParams))
            .map((mapping) => mappingOf(mapping)),
        }),
      },
      [`GET ${MAPPINGS}/{id}`]: {
        action: "GetEventSourceMapping",
        handle: (_, params) => mappingOf(findMapping(params["id"])),
      },
      [`PUT ${MAPPINGS}/{id}`]: {
        action: "UpdateEventSourceMapping",
        handle: (input, params) => updateMapping(input, params["id"]),
      },
    },
  });
  return service;
};
