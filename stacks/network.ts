import { production } from "./settings";

/** Private subnets for the database and the cluster. One NAT instance outside production, gateways in it. */
export const vpc = new sst.aws.Vpc("Network", { nat: production ? "managed" : "ec2" });
