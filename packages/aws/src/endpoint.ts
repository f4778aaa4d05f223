import { optionalSetting, setting } from "./config.ts";

/** The address of an AWS service, for what is fetched without an SDK. `service` is its name in host names. */
export const endpointFor = (service: string): string =>
  optionalSetting("AWS_ENDPOINT_URL")?.replace(/\/+$/, "") ??
  `https://${service}.${setting("AWS_REGION")}.amazonaws.com`;
