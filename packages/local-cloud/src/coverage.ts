import type { Graph } from "./deploy/graph.ts";
import type { Part } from "./part.ts";

const judgedByGateway = "the gateway judges calls by the roles and policies in the graph";
const noNetwork = "there is one machine and no network to shape";
const readFromDisk = "the Lambda host reads the zips where sst left them";
const inOutputs = "the value is made with the outputs";
const logsOnDisk = "each function's log is a file in <data>/logs";
const noCloudWatch = "nobody watches a local run";

/** Resource types that need nothing done on one machine, each with the reason. Any other type must have a part. */
const withoutEffect: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": judgedByGateway,
  "aws:iam/policy:Policy": judgedByGateway,
  "aws:iam/rolePolicy:RolePolicy": judgedByGateway,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": judgedByGateway,
  "aws:iam/instanceProfile:InstanceProfile": noNetwork,
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": noNetwork,
  "aws:ec2/eip:Eip": noNetwork,
  "aws:ec2/eipAssociation:EipAssociation": noNetwork,
  "aws:ec2/instance:Instance": noNetwork,
  "aws:ec2/internetGateway:InternetGateway": noNetwork,
  "aws:ec2/keyPair:KeyPair": noNetwork,
  "aws:ec2/natGateway:NatGateway": noNetwork,
  "aws:ec2/routeTable:RouteTable": noNetwork,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": noNetwork,
  "aws:ec2/securityGroup:SecurityGroup": noNetwork,
  "aws:ec2/subnet:Subnet": noNetwork,
  "aws:ec2/vpc:Vpc": noNetwork,
  "aws:ec2/vpcEndpoint:VpcEndpoint": noNetwork,
  "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": noNetwork,
  "aws:wafv2/webAcl:WebAcl": "the API listens on loopback only",
  "aws:wafv2/webAclAssociation:WebAclAssociation": "the API listens on loopback only",
  "aws:apigateway/account:Account": logsOnDisk,
  "aws:cloudwatch/metricAlarm:MetricAlarm": noCloudWatch,
  "aws:cloudwatch/dashboard:Dashboard": noCloudWatch,
  "aws:sns/topic:Topic": noCloudWatch,
  "aws:sns/topicSubscription:TopicSubscription": noCloudWatch,
  "aws:rds/subnetGroup:SubnetGroup": noNetwork,
  "aws:rds/parameterGroup:ParameterGroup": "the local server has its own settings",
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": "the local server has its own settings",
  "aws:s3/bucketObjectv2:BucketObjectv2": readFromDisk,
  "random:index/randomBytes:RandomBytes": inOutputs,
  "random:index/randomId:RandomId": inOutputs,
  "random:index/randomPassword:RandomPassword": inOutputs,
  "tls:index/privateKey:PrivateKey": inOutputs,
};

/**
 * Checks that everything deployed is made real by a part or is known to need nothing.
 * @throws Error that names the types that would silently be missing.
 */
export const checkCovered = (graph: Graph, parts: readonly Part[]): void => {
  const taken = new Set(parts.flatMap((part) => part.types ?? []));
  const missing = graph.resources.filter(
    ({ custom, type }) =>
      custom && !type.startsWith("pulumi:providers:") && !taken.has(type) && !Object.hasOwn(withoutEffect, type),
  );
  if (missing.length === 0) return;
  const lines = [...new Set(missing.map(({ type, name }) => `${type} (${name})`))];
  throw new Error(`The embedded cloud cannot deploy ${lines.join(", ")}: no part of it takes resources of that type.`);
};
