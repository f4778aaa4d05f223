import type { Grant } from "./grants.ts";

/** Actions that functions may do and that no test makes them do, each with its reason. */
const excused: readonly { readonly function: RegExp; readonly action: RegExp; readonly reason: string }[] = [
  {
    function: /./,
    action:
      /^(kinesis|dynamodb):(DescribeStream|DescribeStreamSummary|GetRecords|GetShardIterator|ListShards|ListStreams|SubscribeToShard)$/,
    reason:
      "Lambda itself reads the stream with the function's role; the embedded cloud's pollers read it as the operator.",
  },
  {
    function: /release-identity/,
    action: /^cognito-idp:(DeleteGroup|DeleteIdentityProvider|DeleteUserPoolDomain)$/,
    reason:
      "Only a tenant that is in use has single sign-on, and the deployed app's tests release such that never were. What a release takes then is tried in packages/aws/src/identity-providers.test.ts.",
  },
  {
    function: /./,
    action: /^sqs:(ChangeMessageVisibility|DeleteMessage|GetQueueAttributes|GetQueueUrl|ReceiveMessage)$/,
    reason:
      "Lambda itself reads the queue with the function's role; the embedded cloud's pollers read it as the operator.",
  },
];

export type GrantReport = {
  readonly granted: number;
  readonly used: number;
  readonly excused: number;
  /** `get-tenant may dynamodb:GetItem on ControlTable` */
  readonly unused: readonly string[];
};

/**
 * Compares what functions may do with what they have done.
 *
 * @param used actions by role
 */
export const compareGrants = (
  grants: readonly Grant[],
  used: Readonly<Record<string, readonly string[]>>,
): GrantReport => {
  const left = grants.filter(({ role, action }) => !(used[role] ?? []).includes(action));
  const unused = left.filter(
    (grant) => !excused.some((excuse) => excuse.function.test(grant.function) && excuse.action.test(grant.action)),
  );
  return {
    granted: grants.length,
    used: grants.length - left.length,
    excused: left.length - unused.length,
    unused: unused.map(({ function: name, action, resources }) => `${name} may ${action} on ${resources.join(", ")}`),
  };
};
