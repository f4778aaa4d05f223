import { vpc } from "./network";
import { production } from "./settings";

/** The shared PostgreSQL server. It scales to zero outside production. */
export const database = new sst.aws.Aurora("Database", {
  engine: "postgres",
  version: "17.4",
  vpc,
  scaling: production ? { min: "0.5 ACU", max: "16 ACU" } : { min: "0 ACU", max: "4 ACU" },
  transform: {
    cluster: {
      deletionProtection: production,
      backupRetentionPeriod: production ? 35 : 1,
      copyTagsToSnapshot: true,
      enabledCloudwatchLogsExports: ["postgresql"],
    },
  },
});
