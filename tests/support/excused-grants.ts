export type Excuse = { readonly functions: RegExp; readonly actions: RegExp; readonly reason: string };

/** What functions may do though no test of the deployed app makes them do it, and why that is so. */
export const excuses: readonly Excuse[] = [
  {
    functions: /./,
    actions:
      /^(kinesis|dynamodb):(DescribeStream|DescribeStreamSummary|GetRecords|GetShardIterator|ListShards|ListStreams|SubscribeToShard)$/,
    reason:
      "Lambda itself reads the stream with the function's role; the embedded cloud's pollers read it as the operator.",
  },
  {
    functions: /./,
    actions: /^sqs:(ChangeMessageVisibility|DeleteMessage|GetQueueAttributes|GetQueueUrl|ReceiveMessage)$/,
    reason:
      "Lambda itself reads the queue with the function's role; the embedded cloud's pollers read it as the operator.",
  },
  {
    functions: /^meter-usage$/,
    actions: /^sqs:SendMessage$/,
    reason:
      "Lambda itself sends failed batches there with the function's role; the embedded cloud does so as the operator.",
  },
  {
    functions: /^provision-(identity|namespace|storage)$/,
    actions: /^(cognito-idp|eks):TagResource$|^iam:GetRole$|^kms:Decrypt$/,
    reason:
      "AWS asks for it with a call that is made: with tags, for a role, under a key. The embedded cloud judges the call alone.",
  },
  {
    functions: /^release-storage$/,
    actions: /^kms:Decrypt$/,
    reason: "AWS asks for it with reads of objects under a key. The embedded cloud judges the read alone.",
  },
  {
    functions:
      /^(accept|cancel|create|enable|invite|redeliver|redrive|retry|revoke|rotate|start|submit|switch)-[\w-]+$/,
    actions: /^kms:(Decrypt|GenerateDataKey)$|^dynamodb:(DeleteItem|UpdateItem)$/,
    reason:
      "For requests with an Idempotency-Key. Every POST has the same code for it, and tests/api/idempotency.test.ts tries some of them.",
  },
  {
    functions: /^create-tenant$/,
    actions: /^dynamodb:DeleteItem$/,
    reason: "Takes a registration back whose workflow cannot be started: packages/core/src/tenant/register.test.ts.",
  },
  {
    functions: /^create-webhook$/,
    actions: /^secretsmanager:DeleteSecret$/,
    reason: "Takes a secret back whose webhook could not be stored: packages/aws/src/webhook-secrets.test.ts.",
  },
  {
    functions: /^list-[\w-]+$/,
    actions: /^secretsmanager:GetSecretValue$/,
    reason: "Signs cursors, which only lists of more than a page have. All lists have the same code for it.",
  },
  {
    functions: /^provision-(identity|namespace|storage)$/,
    actions: /:(Delete|Describe|ScheduleKeyDeletion)\w*$/,
    reason: "Two attempts at once made a thing twice, and one takes its own away: npm run bench:crash.",
  },
  {
    functions: /^release-(database|identity|namespace|storage)$/,
    actions: /^(rds|cognito-idp|eks|kms|s3):/,
    reason:
      "What a premium tenant is released from, or one that was interrupted midway: npm run bench:crash, and the tests of packages/aws.",
  },
  {
    functions: /^(apply-adjustments|recover-usage|redrive-quarantined|roll-up-(late-)?usage)$/,
    actions: /^(dynamodb|s3):/,
    reason:
      "Counts and corrects as meter-usage and create-adjustment do, when something was left over: packages/aws/src/usage-*.test.ts.",
  },
  {
    functions: /^rebuild-usage$/,
    actions: /^s3:PutObject$/,
    reason: "Only differences are written down: packages/aws/src/usage-corrections.test.ts makes some.",
  },
  {
    functions: /^export-usage$/,
    actions: /^aws-marketplace:BatchMeterUsage$/,
    reason:
      "The embedded cloud has no marketplace: tests/metering/billing.test.ts has one beside it, which asks no IAM.",
  },
  {
    functions: /^sweep-operations$/,
    actions: /^states:DescribeExecution$/,
    reason: "Asks after executions that told nothing for long: tests/e2e/killed.test.ts, on a cloud of its own.",
  },
  {
    functions: /^authorize$/,
    actions: /^dynamodb:GetItem$/,
    reason: "Reads the issuer of a tenant's own client, by the code of the authorizer that the API's tests try.",
  },
  {
    functions: /^(push-progress|subscribe)$/,
    actions: /^dynamodb:DeleteItem$/,
    reason: "Forgets connections that broke without a word.",
  },
];
