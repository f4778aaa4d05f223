import { certificateAuthority } from "./certificate-authority.ts";
import type { Given, OutputTable } from "./resource.ts";

/** An EC2 resource: its id is a prefix and 17 hexadecimal digits. */
const ec2 =
  (prefix: string, path: string, more: (given: Given, id: string) => Record<string, unknown> = () => ({})) =>
  (given: Given) => {
    const id = `${prefix}-${given.from.hex("id", 17)}`;
    return { id, arn: given.arn("ec2", `${path}/${id}`), ownerId: given.facts.account, ...more(given, id) };
  };

/** Networks, machines in them, and the Kubernetes cluster. */
export const networkOutputs: OutputTable = {
  "aws:ec2/vpc:Vpc": ec2("vpc", "vpc", ({ from }) => ({
    defaultSecurityGroupId: `sg-${from.hex("default group", 17)}`,
    defaultRouteTableId: `rtb-${from.hex("default routes", 17)}`,
    defaultNetworkAclId: `acl-${from.hex("default acl", 17)}`,
    mainRouteTableId: `rtb-${from.hex("default routes", 17)}`,
  })),
  "aws:ec2/subnet:Subnet": ec2("subnet", "subnet"),
  "aws:ec2/internetGateway:InternetGateway": ec2("igw", "internet-gateway"),
  "aws:ec2/routeTable:RouteTable": ec2("rtb", "route-table"),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ec2("rtbassoc", "route-table-association"),
  "aws:ec2/route:Route": ec2("r", "route"),
  "aws:ec2/securityGroup:SecurityGroup": ec2("sg", "security-group", ({ name }) => ({ name })),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ec2("sg", "security-group"),
  "aws:ec2/securityGroupRule:SecurityGroupRule": ec2("sgrule", "security-group-rule"),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ec2("sgr", "security-group-rule"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ec2("sgr", "security-group-rule"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ec2("vpce", "vpc-endpoint", () => ({ dnsEntries: [], networkInterfaceIds: [] })),
  "aws:ec2/natGateway:NatGateway": ec2("nat", "natgateway", () => ({
    publicIp: "203.0.113.10",
    privateIp: "10.0.0.10",
  })),
  "aws:ec2/eip:Eip": ec2("eipalloc", "elastic-ip", (_, id) => ({
    allocationId: id,
    publicIp: "203.0.113.11",
    publicDns: "ec2-203-0-113-11.compute-1.amazonaws.com",
  })),
  "aws:ec2/eipAssociation:EipAssociation": ec2("eipassoc", "elastic-ip-association"),
  "aws:ec2/instance:Instance": ec2("i", "instance", ({ from }) => ({
    privateIp: "10.0.0.12",
    publicIp: "203.0.113.12",
    privateDns: "ip-10-0-0-12.ec2.internal",
    primaryNetworkInterfaceId: `eni-${from.hex("interface", 17)}`,
  })),
  "aws:ec2/flowLog:FlowLog": ec2("fl", "vpc-flow-log"),
  "aws:ec2/keyPair:KeyPair": ({ i, autoname, from, arn }) => {
    const keyName = i["keyName"] ?? autoname;
    return { id: keyName, keyName, keyPairId: `key-${from.hex("id", 17)}`, arn: arn("ec2", `key-pair/${keyName}`) };
  },
  "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": ({ name, from, arn }) => {
    const id = `ns-${from.chars("id", 16)}`;
    const hostedZone = `Z${from.chars("zone", 20).toUpperCase()}`;
    return { id, name, arn: arn("servicediscovery", `namespace/${id}`), hostedZone };
  },
  "aws:eks/cluster:Cluster": ({ name, from, arn, facts }) => ({
    id: name,
    name,
    arn: arn("eks", `cluster/${name}`),
    // The Kubernetes API stands behind the gateway, one path for each cluster.
    endpoint: `${facts.endpoint}/_eks/${name}`,
    certificateAuthority: { data: Buffer.from(certificateAuthority).toString("base64") },
    certificateAuthorities: [{ data: Buffer.from(certificateAuthority).toString("base64") }],
    identities: [
      {
        oidcs: [
          { issuer: `https://oidc.eks.${facts.region}.amazonaws.com/id/${from.hex("issuer", 32).toUpperCase()}` },
        ],
      },
    ],
    createdAt: "2026-01-01T00:00:00Z",
    platformVersion: "eks.1",
    status: "ACTIVE",
  }),
  "aws:eks/accessEntry:AccessEntry": ({ i, arn, from }) => ({
    id: `${i["clusterName"]}:${i["principalArn"]}`,
    accessEntryArn: arn(
      "eks",
      `access-entry/${i["clusterName"]}/${String(i["principalArn"]).split(":").at(-1)}/${from.uuid("entry")}`,
    ),
    userName: i["userName"] ?? i["principalArn"],
  }),
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ({ i }) => ({
    id: `${i["clusterName"]}#${i["principalArn"]}#${i["policyArn"]}`,
  }),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": ({ i, from, arn }) => {
    const associationId = `a-${from.chars("id", 17)}`;
    const associationArn = arn("eks", `podidentityassociation/${i["clusterName"]}/${associationId}`);
    return { id: `${i["clusterName"]},${associationId}`, associationId, associationArn };
  },
  "aws:eks/addon:Addon": ({ i, from, arn }) => ({
    id: `${i["clusterName"]}:${i["addonName"]}`,
    arn: arn("eks", `addon/${i["clusterName"]}/${i["addonName"]}/${from.uuid("addon")}`),
  }),
};
