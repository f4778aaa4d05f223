import { optionalSetting, setting } from "./config.ts";

/** The address of an AWS service, for what is fetched without an SDK. `service` is its name in host names. */
export const endpointFor = (service: string): string =>
  optionalSetting("AWS_ENDPOINT_URL")?.replace(/\/+$/, "") ??
  `https://${service}.${setting("AWS_REGION")}.amazonaws.com`;

/** Where the OAuth endpoints of a user pool's domain are, as browsers and applications reach them. */
export const hostedFor = (domain: string): string => {
  const endpoint = optionalSetting("AWS_ENDPOINT_URL")?.replace(/\/+$/, "");
  return endpoint === undefined
    ? `https://${domain}.auth.${setting("AWS_REGION")}.amazoncognito.com`
    : `${endpoint}/cognito/${domain}`;
};
