import { allow, allowKeys } from "./functions";
import { controlTable } from "./tables";

/** Answers are kept under it for requests that come again. Some have secrets in them. */
const answerKey = new aws.kms.Key("AnswerKey", {
  description: `Answers to repeated requests of ${$app.name}/${$app.stage}`,
  enableKeyRotation: true,
  deletionWindowInDays: 7,
});

/**
 * What a POST needs to honour `Idempotency-Key`: items of keys in the Control table, and KMS for the answers of its own
 * operation and of no other.
 */
export const idempotent = (operation: string) => ({
  environment: { CONTROL_TABLE: controlTable.name, ANSWER_KEY: answerKey.arn },
  permissions: [
    allowKeys(
      ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
      ["IDEMPOTENCY#"],
      controlTable.arn,
    ),
    {
      ...allow(["kms:Decrypt", "kms:GenerateDataKey"], answerKey.arn),
      conditions: [{ test: "StringEquals", variable: "kms:EncryptionContext:operation", values: [operation] }],
    },
  ],
});
