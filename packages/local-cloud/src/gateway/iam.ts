import { type RequestAnalysis, runSimulation } from "@cloud-copilot/iam-simulate";
import type { Graph } from "../deploy/graph.ts";
import { createPermissions } from "./permissions.ts";
import { type PolicyDocument, type Role, roleName, rolesOf } from "./policies.ts";
import type { AwsRequest, Caller, Permission, Service } from "./service.ts";

/** The principals' side of IAM, as the deployed graph has it. */
export type Iam = {
  setGraph(graph: Graph): void;
  role(nameOrArn: string): Role | undefined;
  /** AWS's sentence when a role session may not do what it asks for; null when it may. */
  authorise(request: AwsRequest, service: Service, action: string): Promise<string | null>;
  /** The same for one permission. */
  check(caller: Caller, wanted: Permission): Promise<string | null>;
  /** What each role was allowed so far, by the role's name: the actions that it has used. */
  used(): Readonly<Record<string, readonly string[]>>;
  /** Whether the role's trust policy, with the caller's own policies, lets the caller assume it. */
  mayAssume(caller: Caller, role: Role, action: string, context: Readonly<Record<string, string>>): Promise<boolean>;
};

/** Null: it is allowed. Otherwise why not, in AWS's words, and whether a policy says so itself. */
type Refusal = { readonly explicit: boolean; readonly because: string } | null;
type Question = {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly resourcePolicy?: PolicyDocument;
};

/** The operator's. */
const everything = [
  { name: "operator", policy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } },
];

/**
 * The simulator takes `kms:EncryptionContext:a` and `kms:EncryptionContext:b` for one condition key. The names of tags it
 * tells apart, so policies and requests are given to it with a tag instead.
 */
const simulable = (text: string): string =>
  text.replaceAll(/kms:EncryptionContext:/gi, "aws:RequestTag/kms:EncryptionContext:");

const secondNow = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

const textsOfPolicies = new WeakMap<object, string>();
/** A resource's policy in lower case. */
const textOf = (policy: object): string => {
  const text = textsOfPolicies.get(policy) ?? JSON.stringify(policy).toLowerCase();
  textsOfPolicies.set(policy, text);
  return text;
};

/** The kinds of policies in the order in which AWS names one that stands against a request. */
const kinds = [
  ["identity-based policy", "an", "identityAnalysis"],
  ["resource-based policy", "a", "resourceAnalysis"],
  ["permissions boundary", "a", "permissionBoundaryAnalysis"],
  ["session policy", "a", "sessionAnalysis"],
] as const;

const refusalOf = (action: string, explicit: boolean, analysis: RequestAnalysis | undefined): Refusal => {
  const standing = explicit
    ? kinds.find(([, , one]) => analysis?.[one]?.result === "ExplicitlyDenied")
    : kinds.find(([kind, , one]) => kind !== "resource-based policy" && analysis?.[one]?.result === "ImplicitlyDenied");
  const [kind, article] = standing ?? kinds[0];
  return {
    explicit,
    because: explicit
      ? `with an explicit deny in ${article} ${kind}`
      : `because no ${kind} allows the ${action} action`,
  };
};

/** Decisions kept; a decision costs about half a millisecond. */
const cacheLimit = 20_000;

export const createIam = (options: { account: string; region: string; log?: (line: string) => void }): Iam => {
  const { account, region } = options;
  const permissions = createPermissions({ account, region });
  let roles: ReadonlyMap<string, Role> = new Map();
  /** All policies of a role in lower case. */
  let texts: ReadonlyMap<string, string> = new Map();
  const cache = new Map<string, Refusal>();
  const used = new Map<string, Set<string>>();

  const judge = async (question: Question): Promise<Refusal> => {
    const { caller, action, context, resourcePolicy } = question;
    // A request names one thing. The simulator would take wildcards in it for "anything that a policy names".
    const resource = question.resource === "*" ? "*" : question.resource.replace(/[*?]/g, "_");
    const all: Record<string, string | string[]> = {
      "aws:PrincipalArn": `arn:aws:iam::${account}:role/${caller.role ?? ""}`,
      "aws:PrincipalAccount": account,
      "aws:PrincipalType": "AssumedRole",
      "aws:RequestedRegion": region,
      "aws:SecureTransport": "true",
      "aws:CurrentTime": secondNow(),
    };
    for (const [tag, value] of Object.entries(caller.sessionTags)) all[`aws:PrincipalTag/${tag}`] = value;
    for (const [key, value] of Object.entries(context)) all[key] = typeof value === "string" ? value : [...value];
    const { policies: held = [], boundary = null } =
      caller.role === undefined ? { policies: everything } : (roles.get(caller.role) ?? {});
    const simulate = (on: string): ReturnType<typeof runSimulation> =>
      runSimulation(
        {
          request: {
            principal: caller.arn,
            action,
            resource: { resource: on, accountId: account },
            contextVariables: all,
          },
          identityPolicies: held.map((one) => ({ ...one })),
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
          ...(boundary === null ? {} : { permissionBoundaryPolicies: [{ ...boundary }] }),
          ...(caller.sessionPolicy === undefined ? {} : { sessionPolicy: JSON.parse(caller.sessionPolicy) as object }),
        },
        {},
      );
    let result = await simulate(resource);
    // AWS judges actions without resource types on "*", whatever they name.
    if (result.resultType === "error" && result.errors.message === "must.use.wildcard") result = await simulate("*");
    if (result.resultType === "error") {
      options.log?.(`iam: ${action} on ${resource} cannot be judged: ${JSON.stringify(result.errors)}`);
      return refusalOf(action, false, undefined);
    }
    // A call on everything needs a statement on everything, not one on something.
    const allowed =
      result.resultType === "single"
        ? result.overallResult === "Allowed"
        : result.results.some((one) => one.resourcePattern === "*" && one.analysis.result === "Allowed");
    if (allowed) return null;
    const analysis = result.resultType === "single" ? result.result.analysis : result.results[0]?.analysis;
    return refusalOf(action, result.overallResult === "ExplicitlyDenied", analysis);
  };

  const cached = async (question: Question): Promise<Refusal> => {
    const { caller, action, resource, context } = question;
    const key = JSON.stringify([caller.role, caller.sessionTags, caller.sessionPolicy, action, resource, context]);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const refusal = await judge(question);
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(key, refusal);
    return refusal;
  };

  /** Only what the policies ask about: leading keys and prefixes would make every decision another one. */
  const relevant = (caller: Caller, { context = {}, policy }: Permission): Question["context"] => {
    const own = `${texts.get(caller.role ?? "") ?? ""}${caller.sessionPolicy?.toLowerCase() ?? ""}`;
    const text = policy === undefined ? own : `${own}${textOf(policy)}`;
    // A decision by the time is kept for no other time.
    const asked = text.includes("aws:currenttime") ? { ...context, "aws:CurrentTime": secondNow() } : context;
    const named = Object.entries(asked).map(([key, value]) => [simulable(key), value] as const);
    return Object.fromEntries(named.filter(([key]) => text.includes(key.toLowerCase())));
  };

  const use = (role: string, action: string): void => {
    const actions = used.get(role);
    if (actions === undefined) used.set(role, new Set([action]));
    else actions.add(action);
  };

  const check = async (caller: Caller, wanted: Permission): Promise<string | null> => {
    let refused: Refusal = null;
    const context = relevant(caller, wanted);
    for (const resource of [wanted.resource, ...(wanted.or ?? [])]) {
      const refusal = await cached({
        caller,
        action: wanted.action,
        resource,
        context,
        ...(wanted.policy === undefined ? {} : { resourcePolicy: wanted.policy }),
      });
      if (refusal === null) {
        if (caller.role !== undefined) use(caller.role, wanted.action);
        return null;
      }
      if (refused === null || refusal.explicit) refused = refusal;
    }
    return `User: ${caller.arn} is not authorized to perform: ${wanted.action} on resource: ${wanted.resource} ${refused?.because}`;
  };

  return {
    setGraph(graph) {
      const held = rolesOf(graph, (arn) =>
        options.log?.(`iam: the managed policy ${arn} is not known here and grants nothing.`),
      );
      roles = new Map(
        [...held].map(([name, role]) => {
          const given = simulable(JSON.stringify([role.policies, role.boundary]));
          const [policies, boundary] = JSON.parse(given) as [Role["policies"], Role["boundary"]];
          return [name, { ...role, policies, boundary }];
        }),
      );
      texts = new Map(
        [...roles].map(([name, { policies, boundary }]) => [name, JSON.stringify([policies, boundary]).toLowerCase()]),
      );
      cache.clear();
    },
    role: (nameOrArn) => roles.get(roleName(nameOrArn)),
    async authorise(request, service, action) {
      const { caller } = request;
      if (!caller) return null;
      for (const wanted of service.permissions?.(request) ?? permissions.of(request, action)) {
        const denied = await check(caller, wanted);
        if (denied !== null) return denied;
      }
      return null;
    },
    check,
    used: () => Object.fromEntries([...used].map(([role, actions]) => [role, [...actions].toSorted()])),
    async mayAssume(caller, role, action, context) {
      if (role.trust === null) return false;
      const question = { caller, action, resource: role.arn, context, resourcePolicy: role.trust };
      const may = (await judge(question)) === null;
      if (may && caller.role !== undefined) use(caller.role, action);
      return may;
    },
  };
};
