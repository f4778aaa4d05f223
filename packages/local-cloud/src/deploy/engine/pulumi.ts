import { createRequire } from "node:module";
import type { Wire } from "./plain.ts";

/** The parts of Pulumi's own SDK that the engine uses, as the program's dependencies hold them. */
export type Pulumi = {
  readonly runInStack: (program: () => Promise<unknown>) => Promise<unknown>;
  readonly setAllConfig: (config: Record<string, string>, secretKeys: string[]) => void;
  readonly resolve: (value: unknown) => Promise<unknown>;
  /** What still waits for something, when nothing more can come: the names of resources if it is theirs. */
  readonly pending: () => { readonly count: number; readonly resources: readonly string[] };
  readonly setMonitor: (monitor: object, project: string, stack: string) => void;
  readonly deserialize: (properties: unknown) => Record<string, unknown>;
  readonly serialize: (properties: Record<string, unknown>) => Promise<unknown>;
  readonly MockMonitor: new (mocks: object) => object;
  readonly newRegisterResponse: () => RegisterResponse;
  readonly newReadResponse: () => { setUrn(urn: string): void; setProperties(value: unknown): void };
  readonly newInvokeResponse: () => { setReturn(value: unknown): void };
};

export type RegisterRequest = {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): Wire;
  getDependenciesList(): string[];
  getIgnorechangesList(): string[];
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean | undefined;
};

export type OutputsRequest = { getUrn(): string; getOutputs(): Wire };
export type InvokeRequest = { getTok(): string; getArgs(): unknown };
export type ReadRequest = { getType(): string; getName(): string; getParent(): string; getId(): string };
export type RegisterResponse = { setUrn(urn: string): void; setId(id: string): void; setObject(value: unknown): void };
export type Callback<T> = (error: Error | null, response?: T) => void;

type Struct = { fromJavaScript(value: unknown): unknown };

type Debuggable = {
  debuggablePromise: <T>(promise: Promise<T>, context: string) => Promise<T>;
  leakedPromises: () => [Set<{ _debugCtx?: string }>, string];
};

/**
 * The SDK notes the stack of each of its thousands of promises, and Node maps every frame of it back to the sources: two
 * seconds of a deployment, for a text that is printed only on demand.
 */
const withoutStacks = (debuggable: Debuggable): void => {
  const original = debuggable.debuggablePromise;
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return original(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
};

/** Each resource notes where the program declared it, of which only a real engine would tell anyone. */
const withoutPositions = (resource: { stackTrace: () => unknown[] }): void => {
  resource.stackTrace = () => [];
};

/** Loads the SDK that the program itself will load, so that both share one runtime. */
export const loadPulumi = (program: string): Pulumi => {
  const load = createRequire(program);
  const within = createRequire(load.resolve("@pulumi/pulumi"));
  const sdk = load("@pulumi/pulumi");
  const settings = load("@pulumi/pulumi/runtime/settings");
  const store = load("@pulumi/pulumi/runtime/state").getStore();
  const debuggable = load("@pulumi/pulumi/runtime/debuggable") as Debuggable;
  withoutStacks(debuggable);
  withoutPositions(sdk.Resource);
  const rpc = load("@pulumi/pulumi/runtime/rpc");
  const struct = within("google-protobuf/google/protobuf/struct_pb").Struct as Struct;
  const { RegisterResourceResponse, ReadResourceResponse } = load("@pulumi/pulumi/proto/resource_pb");
  const { InvokeResponse } = load("@pulumi/pulumi/proto/provider_pb");
  return {
    runInStack: (program_) => sdk.runtime.runInPulumiStack(program_),
    setAllConfig: sdk.runtime.setAllConfig,
    resolve: (value) => sdk.output(value).promise(true),
    pending: () => {
      // Asking clears the list, so Pulumi does not complain about it a second time when the process ends.
      const [leaked] = debuggable.leakedPromises();
      const labels = [...leaked].map(({ _debugCtx = "" }) => /^resolveURN\(resource:(.+)\)$/.exec(_debugCtx)?.[1]);
      return { count: leaked.size, resources: labels.filter((label) => label !== undefined) };
    },
    setMonitor: (monitor, project, stack) => {
      settings.setMockOptions(monitor, project, stack, false, "organization");
      Object.assign(store, {
        supportsSecrets: true,
        supportsResourceReferences: true,
        supportsOutputValues: false,
        supportsDeletedWith: true,
        supportsAliasSpecs: true,
        supportsParameterization: true,
        supportsResourceHooks: true,
      });
    },
    deserialize: rpc.deserializeProperties,
    serialize: async (properties) => struct.fromJavaScript(await rpc.serializeProperties("", properties)),
    MockMonitor: load("@pulumi/pulumi/runtime/mocks").MockMonitor,
    newRegisterResponse: () => new RegisterResourceResponse(),
    newReadResponse: () => new ReadResourceResponse(),
    newInvokeResponse: () => new InvokeResponse(),
  };
};
