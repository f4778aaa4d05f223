import path from "node:path";
import { operatorCall } from "../gateway/operator.ts";
import type { PartFactory } from "../part.ts";
import { openKeys } from "../services/kms-keys.ts";
import { startFauxqs } from "./fauxqs.ts";
import { applyTopics, snsService, topicTypes } from "./messaging/sns.ts";
import { applyQueues, queueType, sqsService } from "./messaging/sqs.ts";
import { applyBuckets, bucketPolicies, s3Types } from "./s3/apply.ts";
import { openEncryption } from "./s3/encryption.ts";
import { s3Service } from "./s3/service.ts";

/** S3, SQS and SNS on fauxqs. */
export const storage: PartFactory = async (host) => {
  const { region, account, endpoint } = host;
  const { inject, close } = await startFauxqs(path.join(host.data, "s3"), region);
  const encryption = openEncryption(host.store, openKeys(host.store));
  let policies: ReadonlyMap<string, object> = new Map();
  const policyOf = (bucket: string): object | undefined => policies.get(bucket);
  const sqs = sqsService({ inject, account, endpoint });
  return {
    name: "storage",
    services: [s3Service({ inject, region, encryption, policyOf }), sqs, snsService({ inject, account })],
    types: [...s3Types, queueType, "aws:sqs/queuePolicy:QueuePolicy", ...topicTypes, "aws:sns/topicPolicy:TopicPolicy"],
    async apply(graph) {
      policies = bucketPolicies(graph);
      await applyBuckets(graph, inject);
      await applyQueues(graph, (action, input) => operatorCall(sqs, { name: "sqs", action, input, region, account }));
      await applyTopics(graph, { inject, account });
    },
    close,
  };
};
