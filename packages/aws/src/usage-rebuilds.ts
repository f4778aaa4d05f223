import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { RebuildRangePorts } from "@tenantry/core/usage/rebuild-range";
import type { SamplePorts } from "@tenantry/core/usage/sample-rebuilds";

/** Reports under `rebuilds/<tenant>/<run>/<from>.json`. */
export const s3RebuildReports =
  (bucket: string, s3 = new S3Client({})): RebuildRangePorts["report"] =>
  async (run, report) => {
    const Key = `rebuilds/${report.tenant_id}/${run}/${report.from.slice(0, 13)}.json`;
    const Body = `${JSON.stringify(report, null, 2)}\n`;
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: "application/json" }));
    return `s3://${bucket}/${Key}`;
  };

/** Starts the state machine that rebuilds and compares. */
export const startRebuild =
  (stateMachineArn: string, client = new SFNClient({})): SamplePorts["start"] =>
  async (name, job) => {
    const start = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(job) });
    await client.send(start).catch((error: unknown) => {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    });
  };
