import { bundled } from "./bundles";

/**
 * Defaults of every function. Import this before any other stack: it transforms the functions created after it.
 */
$transform(sst.aws.Function, (args) => {
  args.runtime ??= "nodejs24.x";
  args.architecture ??= "arm64";
  args.memory ??= "512 MB";
  args.timeout ??= "10 seconds";
  args.logging ??= { retention: "1 month" };
  const code = $util.output(args.handler).apply(bundled);
  args.handler = code.handler;
  if (!$dev) args.bundle = code.bundle as $util.Output<string>;
  // The component adds the account root to the role's trust (it tests an Output for truth), so the trust is written here.
  const role = args.transform?.role;
  args.transform = {
    ...args.transform,
    role: (roleArgs, options, name) => {
      roleArgs.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });
      if (typeof role === "function") role(roleArgs, options, name);
      return undefined;
    },
  };
});

/** Where Lambda keeps the certificate authorities of RDS; Node reads the file at start. */
export const trustRds = { NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem" };

/** One statement of a function's role. */
export const allow = (actions: string[], ...resources: $util.Input<string>[]) => ({ actions, resources });

/** The same for items of a table whose partition keys begin with one of these, such as `USER#`. */
export const allowKeys = (actions: string[], prefixes: $util.Input<string>[], ...resources: $util.Input<string>[]) => ({
  ...allow(actions, ...resources),
  conditions: [
    {
      test: "ForAllValues:StringLike",
      variable: "dynamodb:LeadingKeys",
      values: prefixes.map((prefix) => $interpolate`${prefix}*`),
    },
    // Without keys in the request the line above would hold as well.
    { test: "Null", variable: "dynamodb:LeadingKeys", values: ["false"] },
  ],
});
