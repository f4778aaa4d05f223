/** One resource that `sst deploy` registered, with the inputs it was given and the outputs it was answered. */
export type GraphResource = {
  /** Pulumi's type, such as `aws:dynamodb/table:Table`. */
  readonly type: string;
  /** The logical name, such as `ControlTable`. */
  readonly name: string;
  readonly urn: string;
  readonly id: string;
  readonly custom: boolean;
  readonly parent?: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- provider-defined shapes, narrowed where they are applied
  readonly inputs: Record<string, any>;
  /** Inputs and what AWS would have computed: ARNs, ids, endpoints. */
  // oxlint-disable-next-line typescript/no-explicit-any -- provider-defined shapes, narrowed where they are applied
  readonly outputs: Record<string, any>;
  readonly dependsOn: readonly string[];
  readonly options: {
    readonly protect?: boolean;
    readonly retainOnDelete?: boolean;
    readonly deleteBeforeReplace?: boolean;
    readonly ignoreChanges: readonly string[];
  };
  /** Paths of inputs that are secret. */
  readonly secrets: readonly string[];
};

/** Everything one deployment registered. */
export type Graph = {
  readonly project: string;
  readonly stage: string;
  readonly region: string;
  readonly account: string;
  /** What `run()` of sst.config.ts returned. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resources: readonly GraphResource[];
  /** Folder against which the asset paths in the inputs are resolved. */
  readonly assets: string;
};

/** The resources of one Pulumi type, in the order in which they were registered. */
export const ofType = (graph: Graph, type: string): GraphResource[] =>
  graph.resources.filter((resource) => resource.type === type);
