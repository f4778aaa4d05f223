import { allow } from "./functions";

/** How the names of this stage's usage plans and keys begin, and what both are tagged with. */
export const usagePrefix = `${$app.name}-${$app.stage}-`;

export const usageTags = { "managed-by": usagePrefix };

const sharedKey = (name: string, who: string) =>
  new aws.apigateway.ApiKey(`${name}Key`, {
    name: `${usagePrefix}${name.toLowerCase()}`,
    description: `Requests of ${who}`,
    tags: usageTags,
  });

/** What requests are counted under that have no key of their own; the authorizer is told the values. They open nothing. */
export const sharedKeys = {
  platform: sharedKey("Platform", "the platform's staff"),
  others: sharedKey("Shared", "users without an organisation, and of tenants without a key"),
};

const arn = (path: string) => $interpolate`arn:aws:apigateway:${aws.getRegionOutput().region}::${path}`;
const ours = (variable: string) => [{ test: "StringEquals", variable, values: [usagePrefix] }];

/** What it takes to make tenants' keys and to take them away. API Gateway's actions are the HTTP methods. */
export const usageKeyGrants = {
  environment: { USAGE_PLANS: usagePrefix },
  provision: [
    allow(["apigateway:GET"], arn("/apikeys"), arn("/usageplans")),
    { ...allow(["apigateway:POST"], arn("/apikeys")), conditions: ours("aws:RequestTag/managed-by") },
    // Tags that are set with the key's creation are judged as a call of their own.
    { ...allow(["apigateway:PUT"], arn("/tags/*")), conditions: ours("aws:RequestTag/managed-by") },
    { ...allow(["apigateway:POST"], arn("/usageplans/*/keys")), conditions: ours("aws:ResourceTag/managed-by") },
  ],
  release: [
    allow(["apigateway:GET"], arn("/apikeys")),
    { ...allow(["apigateway:DELETE"], arn("/apikeys/*")), conditions: ours("aws:ResourceTag/managed-by") },
  ],
};
