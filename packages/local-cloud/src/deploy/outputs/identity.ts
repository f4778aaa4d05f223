import type { OutputTable } from "./resource.ts";

/** Who may do what: Cognito, IAM, KMS, certificates, web ACLs, mail identities. */
export const identityOutputs: OutputTable = {
  "aws:cognito/userPool:UserPool": ({ name, from, arn, facts }) => {
    const id = `${facts.region}_${from.chars("id", 9, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")}`;
    return {
      id,
      name,
      arn: arn("cognito-idp", `userpool/${id}`),
      endpoint: `cognito-idp.${facts.region}.amazonaws.com/${id}`,
      creationDate: "2026-01-01T00:00:00Z",
    };
  },
  "aws:cognito/userPoolClient:UserPoolClient": ({ i, name, from }) => ({
    id: from.chars("id", 26),
    name,
    clientSecret: i["generateSecret"] ? from.chars("secret", 51) : "",
  }),
  "aws:cognito/userPoolDomain:UserPoolDomain": ({ i }) => ({ id: String(i["domain"]) }),
  "aws:cognito/user:User": ({ i, from }) => ({
    id: `${i["userPoolId"]}/${i["username"]}`,
    sub: from.uuid("sub"),
    enabled: i["enabled"] ?? true,
    status: "FORCE_CHANGE_PASSWORD",
  }),
  "aws:cognito/userGroup:UserGroup": ({ i, name }) => ({ id: `${i["userPoolId"]}/${name}`, name }),
  "aws:cognito/userInGroup:UserInGroup": ({ i }) => ({ id: `${i["userPoolId"]}/${i["groupName"]}/${i["username"]}` }),
  "aws:cognito/resourceServer:ResourceServer": ({ i }) => ({ id: `${i["userPoolId"]}|${i["identifier"]}` }),
  "aws:iam/role:Role": ({ i, name, from, globalArn }) => ({
    id: name,
    name,
    arn: globalArn("iam", `role${i["path"] ?? "/"}${name}`),
    uniqueId: `AROA${from.chars("unique", 17).toUpperCase()}`,
    path: i["path"] ?? "/",
  }),
  "aws:iam/policy:Policy": ({ i, name, from, globalArn }) => {
    const arn = globalArn("iam", `policy${i["path"] ?? "/"}${name}`);
    return { id: arn, name, arn, policyId: `ANPA${from.chars("unique", 17).toUpperCase()}` };
  },
  "aws:iam/rolePolicy:RolePolicy": ({ i, name }) => ({ id: `${i["role"]}:${name}`, name }),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ i }) => ({ id: `${i["role"]}/${i["policyArn"]}` }),
  "aws:iam/instanceProfile:InstanceProfile": ({ name, from, globalArn }) => ({
    id: name,
    name,
    arn: globalArn("iam", `instance-profile/${name}`),
    uniqueId: `AIPA${from.chars("unique", 17).toUpperCase()}`,
  }),
  "aws:kms/key:Key": ({ from, arn }) => {
    const keyId = from.uuid("key");
    return { id: keyId, keyId, arn: arn("kms", `key/${keyId}`) };
  },
  "aws:kms/alias:Alias": ({ i, arn }) => {
    const targetKeyId = String(i["targetKeyId"]).split("/").at(-1);
    return {
      id: String(i["name"]),
      arn: arn("kms", String(i["name"])),
      targetKeyArn: arn("kms", `key/${targetKeyId}`),
    };
  },
  "aws:acm/certificate:Certificate": ({ from, arn }) => {
    const self = arn("acm", `certificate/${from.uuid("certificate")}`);
    return { id: self, arn: self, status: "ISSUED", domainValidationOptions: [] };
  },
  "aws:wafv2/webAcl:WebAcl": ({ i, name, from, arn }) => {
    const id = from.uuid("acl");
    const scope = i["scope"] === "CLOUDFRONT" ? "global" : "regional";
    return { id, name, arn: arn("wafv2", `${scope}/webacl/${name}/${id}`), capacity: 100 };
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": ({ i }) => ({ id: `${i["webAclArn"]},${i["resourceArn"]}` }),
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({ i }) => ({ id: String(i["resourceArn"]) }),
  "aws:wafv2/ipSet:IpSet": ({ name, from, arn }) => {
    const id = from.uuid("set");
    return { id, name, arn: arn("wafv2", `regional/ipset/${name}/${id}`) };
  },
  "aws:sesv2/emailIdentity:EmailIdentity": ({ i, arn }) => ({
    id: String(i["emailIdentity"]),
    arn: arn("ses", `identity/${i["emailIdentity"]}`),
    identityType: String(i["emailIdentity"]).includes("@") ? "EMAIL_ADDRESS" : "DOMAIN",
    verifiedForSendingStatus: true,
    dkimSigningAttributes: { tokens: [] },
  }),
  "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": ({ i }) => ({
    id: String(i["emailIdentity"]),
  }),
  "aws:ses/template:Template": ({ name, arn }) => ({ id: name, name, arn: arn("ses", `template/${name}`) }),
  "aws:sesv2/configurationSet:ConfigurationSet": ({ i, autoname, arn }) => {
    const name = i["configurationSetName"] ?? autoname;
    return { id: name, configurationSetName: name, arn: arn("ses", `configuration-set/${name}`) };
  },
  "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": ({ i }) => ({
    id: `${i["configurationSetName"]}|${i["eventDestinationName"]}`,
  }),
};
