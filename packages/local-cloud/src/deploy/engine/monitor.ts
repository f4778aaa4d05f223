import { dataSource } from "../data-sources.ts";
import type { Facts } from "../facts.ts";
import type { GraphResource } from "../graph.ts";
import { keepNames } from "../names.ts";
import { computeOutputs } from "../outputs.ts";
import { plain } from "./plain.ts";
import type { Callback, InvokeRequest, OutputsRequest, Pulumi, ReadRequest, RegisterRequest } from "./pulumi.ts";

type Recorded = { -readonly [K in keyof GraphResource]: GraphResource[K] };

/** What an account holds from the beginning, before anything is deployed to it. */
const existingResources: Readonly<Record<string, Record<string, unknown>>> = {
  "aws:apigateway/account:Account": { cloudwatchRoleArn: "", apiKeyVersion: "4" },
};

const rootType = "pulumi:pulumi:Stack";

/** A resource's URN by the engine's rule: the chain of its parents' types, without the stack itself. */
export const urnOf = (stack: string, project: string, parent: string, type: string, name: string): string => {
  const parentType = parent.split("::")[2] ?? "";
  const chain = parentType === "" || parentType === rootType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${[stack, project, chain, name].join("::")}`;
};

/** Pulumi's resource monitor: answers every registration at once and records it. */
export const recordingMonitor = (options: {
  pulumi: Pulumi;
  facts: Facts;
  project: string;
  stack: string;
  /** Told of what the program must not swallow. */
  onError: (error: unknown) => void;
}) => {
  const { pulumi, facts, project, stack, onError } = options;
  const recorded = new Map<string, Recorded>();
  const compute = computeOutputs(facts);

  const answer = async <T>(callback: Callback<T>, produce: () => Promise<T>): Promise<void> => {
    let response: T;
    try {
      response = await produce();
    } catch (error) {
      onError(error);
      callback(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    callback(null, response);
  };

  const register = (request: RegisterRequest): Recorded => {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const urn = urnOf(stack, project, parent, type, name);
    if (recorded.has(urn))
      throw new Error(`Two resources have the name ${name} (${type}): duplicate resource URN '${urn}'.`);
    const secrets: string[] = [];
    const ignoreChanges = request.getIgnorechangesList();
    const given = plain(request.getObject().toJavaScript(), secrets) as Record<string, unknown>;
    const inputs = request.getCustom() ? keepNames(given, ignoreChanges, urn, facts.seed) : given;
    const { id, state } = request.getCustom() ? compute({ type, name, urn, inputs }) : { id: "", state: {} };
    const resource: Recorded = {
      type,
      name,
      urn,
      id,
      custom: request.getCustom(),
      ...(parent === "" ? {} : { parent }),
      inputs,
      outputs: state,
      dependsOn: request.getDependenciesList(),
      options: {
        ...(request.getProtect() ? { protect: true } : {}),
        ...(request.getRetainondelete() ? { retainOnDelete: true } : {}),
        ...(request.getDeletebeforereplace() ? { deleteBeforeReplace: true } : {}),
        ignoreChanges,
      },
      secrets,
    };
    recorded.set(urn, resource);
    return resource;
  };

  class Monitor extends pulumi.MockMonitor {
    registerResource(request: RegisterRequest, callback: Callback<object>): Promise<void> {
      return answer(callback, async () => {
        const resource = register(request);
        // The program gets its own inputs back with assets and secrets as they are; the record holds them plain.
        const given = resource.custom ? pulumi.deserialize(request.getObject()) : {};
        const response = pulumi.newRegisterResponse();
        response.setUrn(resource.urn);
        response.setId(resource.id);
        response.setObject(await pulumi.serialize({ ...resource.outputs, ...assetsOf(given) }));
        return response;
      });
    }

    registerResourceOutputs(request: OutputsRequest, callback: Callback<object>): void {
      const resource = recorded.get(request.getUrn());
      if (resource) resource.outputs = plain(request.getOutputs().toJavaScript(), []) as Record<string, unknown>;
      callback(null, {});
    }

    invoke(request: InvokeRequest, callback: Callback<object>): Promise<void> {
      return answer(callback, async () => {
        const result = dataSource(request.getTok(), pulumi.deserialize(request.getArgs()), facts);
        const response = pulumi.newInvokeResponse();
        response.setReturn(await pulumi.serialize(result));
        return response;
      });
    }

    readResource(request: ReadRequest, callback: Callback<object>): Promise<void> {
      return answer(callback, async () => {
        const existing = existingResources[request.getType()];
        if (existing) {
          const response = pulumi.newReadResponse();
          response.setUrn(urnOf(stack, project, request.getParent(), request.getType(), request.getName()));
          response.setProperties(await pulumi.serialize(existing));
          return response;
        }
        const what = `${request.getType()} ${request.getId()} (${request.getName()})`;
        throw new Error(`The app refers to an existing ${what}; the embedded cloud holds only what the app creates.`);
      });
    }
  }

  return { monitor: new Monitor({}), resources: (): GraphResource[] => [...recorded.values()] };
};

const assetsOf = (inputs: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(inputs).filter(([, value]) => {
      const object = value as Record<string, unknown> | null;
      return (
        typeof object === "object" && object !== null && ("__pulumiAsset" in object || "__pulumiArchive" in object)
      );
    }),
  );
