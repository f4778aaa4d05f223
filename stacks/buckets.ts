import { allow } from "./functions";
import { production } from "./settings";

/** Tenants' files, `tenants/tenant-<slug>/…`. The component closes it to the public and to plain HTTP. */
export const tenantBucket = new sst.aws.Bucket("TenantData", { versioning: production });

new aws.s3.BucketServerSideEncryptionConfiguration("TenantDataEncryption", {
  bucket: tenantBucket.name,
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
});

/** Usage events as received (`archive/`) and those set aside (`quarantine/`). */
export const usageBucket = new sst.aws.Bucket("UsageArchive", {
  lifecycle: [{ id: "archive", prefix: "archive/", expiresIn: "400 days" }],
});

const { accountId } = aws.getCallerIdentityOutput();
const deployment = `${$app.name}/${$app.stage}`;
const kmsArn = (rest: string) => $interpolate`arn:aws:kms:${aws.getRegionOutput().region}:${accountId}:${rest}`;

/** Keys that this deployment made for a tenant; an action on an alias needs both. */
const tenantKeys = [kmsArn("key/*"), kmsArn(`alias/${deployment}/tenant-*`)];
const onOurKeys = (actions: string[]) => ({
  actions,
  resources: [kmsArn("key/*")],
  conditions: [{ test: "StringEquals", variable: "aws:ResourceTag/managed-by", values: [deployment] }],
});

const folders = $interpolate`${tenantBucket.arn}/tenants/*`;
const lookForKeys = [
  allow(["kms:DescribeKey", "kms:ListResourceTags"], kmsArn("key/*")),
  // KMS lists everything or nothing.
  allow(["kms:ListAliases", "kms:ListKeys"], "*"),
];

/** What the functions of the storage plane are given. */
export const storagePlane = {
  environment: { TENANT_BUCKET: tenantBucket.name, TENANT_KEY_ALIAS: `alias/${deployment}/` },
  provision: [
    allow(["s3:GetObject", "s3:PutObject"], folders),
    // Without it S3 answers 403 rather than 404 to a look at an object that is not there.
    allow(["s3:ListBucket"], tenantBucket.arn),
    ...lookForKeys,
    {
      actions: ["kms:CreateKey", "kms:TagResource"],
      resources: ["*"],
      conditions: [{ test: "StringEquals", variable: "aws:RequestTag/managed-by", values: [deployment] }],
    },
    allow(["kms:CreateAlias", "kms:DeleteAlias"], ...tenantKeys),
    onOurKeys(["kms:GenerateDataKey", "kms:Decrypt", "kms:ScheduleKeyDeletion"]),
  ],
  release: [
    allow(["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"], folders),
    allow(["s3:ListBucket", "s3:ListBucketVersions"], tenantBucket.arn),
    ...lookForKeys,
    allow(["kms:DeleteAlias"], ...tenantKeys),
    onOurKeys(["kms:Decrypt", "kms:ScheduleKeyDeletion"]),
  ],
};

const dataRoleName = `${$app.name}-${$app.stage}-tenant-data`;

/** Known beforehand, as those who assume the role exist before it. */
export const tenantDataRoleArn = $interpolate`arn:aws:iam::${accountId}:role/${dataRoleName}`;

const key = "kms-key";

/**
 * What a session may do that bears a tenant's name, `tenant-<slug>`, in the tag: reach that tenant's folder and, for what
 * lies there, that tenant's keys.
 */
export const ownFolder = (tag: string) => {
  const tenant = `\${aws:PrincipalTag/${tag}}`;
  return [
    {
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: tenantBucket.arn,
      Condition: { StringLike: { "s3:prefix": `tenants/${tenant}/*` } },
    },
    {
      Effect: "Allow",
      Action: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      Resource: $interpolate`${tenantBucket.arn}/tenants/${tenant}/*`,
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: kmsArn("key/*"),
      Condition: { StringEquals: { "aws:ResourceTag/tenant": tenant, "aws:ResourceTag/managed-by": deployment } },
    },
  ];
};

/**
 * The one role that reaches tenants' files: each session is tagged with its tenant and reaches that tenant's folder
 * only. A tenant with a key of its own has it in a second tag, and can then write under no other.
 */
export const tenantDataRole = (trusted: $util.Input<$util.Input<string>[]>) =>
  new aws.iam.Role("TenantDataRole", {
    name: dataRoleName,
    assumeRolePolicy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: trusted },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: { StringLike: { "aws:RequestTag/tenant": "tenant-*" } },
        },
      ],
    }),
    inlinePolicies: [
      {
        name: "own-folder",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            ...ownFolder("tenant"),
            {
              Effect: "Deny",
              Action: "s3:PutObject",
              Resource: $interpolate`${tenantBucket.arn}/*`,
              Condition: {
                Null: { [`aws:PrincipalTag/${key}`]: "false" },
                StringNotEquals: {
                  "s3:x-amz-server-side-encryption-aws-kms-key-id": "${aws:PrincipalTag/kms-key}",
                },
              },
            },
          ],
        }),
      },
    ],
  });

/** What a function that hands out credentials for a tenant's folder is given. */
export const storageCredentials = (control: sst.aws.Dynamo) => ({
  environment: {
    CONTROL_TABLE: control.name,
    TENANT_BUCKET: tenantBucket.name,
    TENANT_DATA_ROLE: tenantDataRoleArn,
  },
  permissions: [
    allow(["dynamodb:GetItem", "dynamodb:ConditionCheckItem", "dynamodb:PutItem"], control.arn),
    allow(["sts:AssumeRole", "sts:TagSession"], tenantDataRoleArn),
  ],
});
