import { databaseAdmin, readSiloMasters } from "./database";
import { allow, trustRds } from "./functions";
import { vpc } from "./network";

const account = aws.getCallerIdentityOutput().accountId;

/** Under which name tenants' secrets lie in Secrets Manager, and the ARNs that this gives. */
export const secretsFolder = `${$app.name}/${$app.stage}/tenants`;
export const tenantSecrets = $interpolate`arn:aws:secretsmanager:${aws.getRegionOutput().region}:${account}:secret:${secretsFolder}/*`;

/** Secrets Manager calls it, for each secret that provision-database has turned rotation on for. */
const rotation = new sst.aws.Function("RotateDatabaseLogin", {
  handler: "functions/triggers/rotate-database-login.handler",
  timeout: "1 minute",
  vpc,
  environment: trustRds,
  permissions: [
    allow(
      [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ],
      tenantSecrets,
    ),
    allow(["secretsmanager:GetSecretValue"], databaseAdmin),
    readSiloMasters,
  ],
});

new aws.lambda.Permission("RotateDatabaseLoginPermission", {
  function: rotation.name,
  action: "lambda:InvokeFunction",
  principal: "secretsmanager.amazonaws.com",
  sourceAccount: account,
});

export const rotationFunction = rotation.arn;

/** For who turns rotation on: Secrets Manager asks for leave to invoke the function, too. */
export const turnOnRotation = [
  allow(["secretsmanager:DescribeSecret", "secretsmanager:RotateSecret"], tenantSecrets),
  allow(["lambda:InvokeFunction"], rotation.arn),
];
