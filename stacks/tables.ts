import { production } from "./settings";

/** The tenant registry: tenants, operations, memberships, audit entries and the events on their way out. */
export const controlTable = new sst.aws.Dynamo("Control", {
  fields: { pk: "string", sk: "string", gsi1pk: "string", gsi1sk: "string", gsi2pk: "string", gsi2sk: "string" },
  primaryIndex: { hashKey: "pk", rangeKey: "sk" },
  globalIndexes: {
    gsi1: { hashKey: "gsi1pk", rangeKey: "gsi1sk" },
    gsi2: { hashKey: "gsi2pk", rangeKey: "gsi2sk" },
  },
  stream: "new-and-old-images",
  ttl: "expires_at",
  deletionProtection: production,
});

/** Usage: one chain of pages for each tenant and hour, and what closed days and months come to. */
export const usageTable = new sst.aws.Dynamo("Usage", {
  fields: { pk: "string", sk: "string" },
  primaryIndex: { hashKey: "pk", rangeKey: "sk" },
  stream: "new-image",
  ttl: "expires_at",
  deletionProtection: production,
});

/** Usage that was set aside: an entry for each record, listed as a whole and by tenant. */
export const quarantineTable = new sst.aws.Dynamo("Quarantine", {
  fields: { pk: "string", gsi1pk: "string", gsi1sk: "string", gsi2pk: "string", gsi2sk: "string" },
  primaryIndex: { hashKey: "pk" },
  globalIndexes: {
    gsi1: { hashKey: "gsi1pk", rangeKey: "gsi1sk" },
    gsi2: { hashKey: "gsi2pk", rangeKey: "gsi2sk" },
  },
  deletionProtection: production,
});

/** The indexes of a table, as IAM names them. */
export const indexesOf = (table: sst.aws.Dynamo) => $interpolate`${table.arn}/index/*`;

/** What counting events does with the Usage table. */
export const countUsage = [
  "dynamodb:BatchGetItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:Query",
  "dynamodb:UpdateItem",
];
