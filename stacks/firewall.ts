import { api } from "./api";
import { production } from "./settings";

/** A web ACL in front of the API, in production: known bad inputs, and 2,000 requests in five minutes from one address. */
const visibility = (metricName: string) => ({
  metricName,
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
});

if (production) {
  const acl = new aws.wafv2.WebAcl("Firewall", {
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    visibilityConfig: visibility("api"),
    rules: [
      {
        name: "rate",
        priority: 1,
        action: { block: {} },
        statement: { rateBasedStatement: { limit: 2000, aggregateKeyType: "IP" } },
        visibilityConfig: visibility("rate"),
      },
      {
        name: "known-bad-inputs",
        priority: 2,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesKnownBadInputsRuleSet" },
        },
        visibilityConfig: visibility("known-bad-inputs"),
      },
    ],
  });
  new aws.wafv2.WebAclAssociation("FirewallAssociation", {
    resourceArn: api.nodes.stage!.arn,
    webAclArn: acl.arn,
  });
}
