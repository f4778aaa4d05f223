import { resolve } from "node:path";

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

/** A file that a resource carries, as it stands in the inputs. Relative paths count from the graph's `assets`. */
export type Asset = { readonly asset: string };

/** Where the zip of a deployed function lies: the object that its `s3Bucket` and `s3Key` name. */
export const zipOf = (graph: Graph, lambda: GraphResource): string => {
  const { s3Bucket, s3Key } = lambda.inputs;
  const code = graph.resources.find(
    ({ type, inputs }) =>
      type === "aws:s3/bucketObjectv2:BucketObjectv2" && inputs["bucket"] === s3Bucket && inputs["key"] === s3Key,
  );
  const source = code?.inputs["source"] as Asset | undefined;
  if (source === undefined) throw new Error(`The function ${lambda.name} has no code: nothing uploads ${s3Key}.`);
  return resolve(graph.assets, source.asset);
};
