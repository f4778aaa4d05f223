import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";

/** The platform admin that a local deployment creates. */
export const adminEmail = "admin@example.com";

export type Admin = { email: string; password: string };

// Satisfies any password policy of lower case, upper case, digits and symbols.
const newPassword = (): string => `${randomBytes(12).toString("base64url")}-Aa1`;

/**
 * Gives the platform admin a password of their own when the deployment has just created them, as an operator would with
 * the AWS command line, and keeps it in `<data>/admin.json`.
 */
export const ensureAdmin = async (
  data: string,
  cloud: { endpoint: string; region: string; userPoolId: string },
): Promise<Admin> => {
  const file = join(data, "admin.json");
  const cognito = new CognitoIdentityProviderClient({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  try {
    const user = { UserPoolId: cloud.userPoolId, Username: adminEmail };
    const { UserStatus } = await cognito.send(new AdminGetUserCommand(user));
    if (UserStatus === "CONFIRMED" && existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Admin;
    const admin: Admin = { email: adminEmail, password: newPassword() };
    await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: admin.password, Permanent: true }));
    writeFileSync(file, `${JSON.stringify(admin)}\n`, { mode: 0o600 });
    return admin;
  } finally {
    cognito.destroy();
  }
};
