import type { OutputTable } from "./resource.ts";

const endpointOf = (given: { facts: { postgres: { host: string; port: number } } }, engine: unknown) => {
  if (!/postgres/.test(String(engine))) throw new Error(`The embedded cloud has no database engine ${String(engine)}.`);
  return given.facts.postgres;
};

/** What holds data: DynamoDB, S3, Kinesis, SQS, SNS, Secrets Manager, RDS. */
export const dataOutputs: OutputTable = {
  "aws:dynamodb/table:Table": ({ i, name, arn }) => {
    const self = arn("dynamodb", `table/${name}`);
    const streamLabel = "2026-01-01T00:00:00.000";
    const stream = i["streamEnabled"] ? { streamLabel, streamArn: `${self}/stream/${streamLabel}` } : {};
    return { id: name, name, arn: self, ...stream };
  },
  "aws:kinesis/stream:Stream": ({ name, arn }) => {
    const self = arn("kinesis", `stream/${name}`);
    return { id: self, name, arn: self };
  },
  "aws:s3/bucket:Bucket": ({ i, autoname, facts }) => {
    const bucket = i["bucket"] ?? autoname.toLowerCase();
    return {
      id: bucket,
      bucket,
      arn: `arn:aws:s3:::${bucket}`,
      region: facts.region,
      bucketRegion: facts.region,
      bucketDomainName: `${bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${bucket}.s3.${facts.region}.amazonaws.com`,
      hostedZoneId: "Z3AQBSTGFYJSTF",
    };
  },
  "aws:s3/bucketObjectv2:BucketObjectv2": ({ i, from }) => ({
    id: `${i["bucket"]}/${i["key"]}`,
    etag: from.hex("etag", 32),
    versionId: "null",
  }),
  "aws:sqs/queue:Queue": ({ name, arn, facts }) => {
    const url = `${facts.endpoint}/${facts.account}/${name}`;
    return { id: url, name, url, arn: arn("sqs", name) };
  },
  "aws:sqs/queuePolicy:QueuePolicy": ({ i }) => ({ id: String(i["queueUrl"]) }),
  "aws:sns/topic:Topic": ({ name, arn, facts }) => ({
    id: arn("sns", name),
    name,
    arn: arn("sns", name),
    owner: facts.account,
  }),
  "aws:sns/topicSubscription:TopicSubscription": ({ i, from }) => {
    const arn = `${i["topic"]}:${from.uuid("subscription")}`;
    return { id: arn, arn, confirmationWasAuthenticated: true };
  },
  "aws:sns/topicPolicy:TopicPolicy": ({ i }) => ({ id: String(i["arn"]) }),
  "aws:secretsmanager/secret:Secret": ({ name, from, arn }) => {
    const self = arn("secretsmanager", `secret:${name}-${from.chars("suffix", 6)}`);
    return { id: self, name, arn: self };
  },
  "aws:secretsmanager/secretVersion:SecretVersion": ({ i, from }) => {
    // A changed value is another version.
    const versionId = from.uuid(`version ${String(i["secretString"] ?? i["secretBinary"])}`);
    return { id: `${i["secretId"]}|${versionId}`, arn: i["secretId"], versionId, versionStages: ["AWSCURRENT"] };
  },
  "aws:rds/cluster:Cluster": (given) => {
    const { host, port } = endpointOf(given, given.i["engine"]);
    const clusterIdentifier = given.i["clusterIdentifier"] ?? given.autoname.toLowerCase();
    const secret = `rds!cluster-${given.from.uuid("master")}-${given.from.chars("master", 6)}`;
    const managed = { secretArn: given.arn("secretsmanager", `secret:${secret}`), secretStatus: "active" };
    return {
      ...(given.i["manageMasterUserPassword"] === true ? { masterUserSecrets: [managed] } : {}),
      id: clusterIdentifier,
      clusterIdentifier,
      arn: given.arn("rds", `cluster:${clusterIdentifier}`),
      clusterResourceId: `cluster-${given.from.chars("resource", 26).toUpperCase()}`,
      endpoint: host,
      readerEndpoint: host,
      port,
    };
  },
  "aws:rds/clusterInstance:ClusterInstance": (given) => {
    const { host, port } = endpointOf(given, given.i["engine"]);
    const identifier = given.i["identifier"] ?? given.autoname.toLowerCase();
    return { id: identifier, identifier, arn: given.arn("rds", `db:${identifier}`), endpoint: host, port };
  },
  "aws:rds/instance:Instance": (given) => {
    const { host, port } = endpointOf(given, given.i["engine"]);
    const identifier = given.i["identifier"] ?? given.autoname.toLowerCase();
    return {
      id: `db-${given.from.chars("resource", 26).toUpperCase()}`,
      identifier,
      arn: given.arn("rds", `db:${identifier}`),
      address: host,
      endpoint: `${host}:${port}`,
      port,
      resourceId: `db-${given.from.chars("resource", 26).toUpperCase()}`,
    };
  },
  "aws:rds/subnetGroup:SubnetGroup": ({ name, arn }) => ({ id: name, name, arn: arn("rds", `subgrp:${name}`) }),
  "aws:rds/parameterGroup:ParameterGroup": ({ name, arn }) => ({ id: name, name, arn: arn("rds", `pg:${name}`) }),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": ({ name, arn }) => ({
    id: name,
    name,
    arn: arn("rds", `cluster-pg:${name}`),
  }),
  ...Object.fromEntries(
    [
      "bucketCorsConfiguration:BucketCorsConfiguration",
      "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "bucketNotification:BucketNotification",
      "bucketPolicy:BucketPolicy",
      "bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      "bucketPublicAccessBlock:BucketPublicAccessBlock",
      "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "bucketVersioning:BucketVersioning",
    ].map((type) => [`aws:s3/${type}`, ({ i }) => ({ id: String(i["bucket"]) })] satisfies Line),
  ),
};

type Line = [string, OutputTable[string]];
