import { gunzipSync } from "node:zlib";
import type { CloudWatchLogsDecodedData, CloudWatchLogsEvent } from "aws-lambda";
import { errorFields, log } from "./log.ts";

/**
 * A Lambda handler behind a subscription of CloudWatch Logs. When the verb throws the batch comes again.
 *
 * @param verb is given the lines, and returns what goes into the log
 */
export const logSubscription =
  (name: string, verb: (lines: readonly string[]) => Promise<Readonly<Record<string, unknown>>>) =>
  async ({ awslogs }: CloudWatchLogsEvent): Promise<void> => {
    const packed = Buffer.from(awslogs.data, "base64");
    const { messageType, logEvents } = JSON.parse(gunzipSync(packed).toString("utf8")) as CloudWatchLogsDecodedData;
    // CloudWatch tries by a message of its own whether the function can be reached.
    if (messageType !== "DATA_MESSAGE") return;
    try {
      const outcome = await verb(logEvents.map(({ message }) => message));
      log("info", "log lines", { operation: name, lines: logEvents.length, ...outcome });
    } catch (error) {
      log("error", "log lines failed", { operation: name, lines: logEvents.length, ...errorFields(error) });
      throw error;
    }
  };
