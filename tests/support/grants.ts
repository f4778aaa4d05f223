import { type Graph, ofType } from "@tenantry/local-cloud/deploy/graph";

/** What one function may do, as its role's policies say. */
export type Grant = {
  /** The function's source file: `get-tenant`. */
  readonly function: string;
  readonly role: string;
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** ARNs, those of this deployment's resources by their logical name: `ControlTable/index/*`. */
  readonly resources: readonly string[];
  /** `StringLike dynamodb:LeadingKeys: ISSUER#*` */
  readonly conditions: readonly string[];
};

type Statement = {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
};

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Names a deployment's own resources in an ARN, the longest first. */
const naming = (graph: Graph): ((arn: string) => string) => {
  const named = graph.resources
    .filter(({ custom, outputs }) => custom && typeof outputs["arn"] === "string")
    .map(({ name, outputs }) => [String(outputs["arn"]), name] as const)
    .toSorted(([a], [b]) => b.length - a.length);
  return (arn) => {
    const [found, name] =
      named.find(([known]) => arn === known || arn.startsWith(`${known}/`) || arn.startsWith(`${known}:`)) ?? [];
    return found === undefined ? arn.replace(`:${graph.account}:`, "::") : `${name}${arn.slice(found.length)}`;
  };
};

/** Every action of every function's own policies, by function and action. What AWS's managed policies grant is not among them. */
export const grantsOf = (graph: Graph): Grant[] => {
  const name = naming(graph);
  const functions = ofType(graph, "aws:lambda/function:Function");
  return ofType(graph, "aws:iam/role:Role")
    .flatMap((role) => {
      const owner = functions.find(({ inputs }) => inputs["role"] === role.outputs["arn"]);
      if (owner === undefined) return [];
      const statements = ((role.inputs["inlinePolicies"] ?? []) as { policy: string }[]).flatMap(({ policy }) =>
        list((JSON.parse(policy) as { Statement: Statement | Statement[] }).Statement),
      );
      return statements.flatMap(({ Action, Resource, Condition = {} }) =>
        list(Action).map((action) => ({
          function: String(owner.inputs["handler"]).replace(/\.\w+$/, ""),
          role: String(role.outputs["name"] ?? role.id),
          action,
          resources: list(Resource).map(name).toSorted(),
          conditions: Object.entries(Condition).flatMap(([operator, test]) =>
            Object.entries(test).map(([key, values]) => `${operator} ${key}: ${list(values).join(", ")}`),
          ),
        })),
      );
    })
    .toSorted((a, b) => a.function.localeCompare(b.function) || a.action.localeCompare(b.action));
};
