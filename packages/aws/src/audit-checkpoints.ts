import { KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { SignedCheckpoint } from "@tenantry/core/audit/audit";
import { canonical, type ChainHead, chainHeadOf } from "./audit-chain.ts";
import { keys, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";

export type CheckpointStore = {
  readonly documents: Documents;
  readonly table: string;
  readonly bucket: string;
  /** The KMS key that signs. */
  readonly key: string;
  readonly s3?: S3Client;
  readonly kms?: KMSClient;
};

/** `checkpoints/<tenant>/<seq>.json`; the number is as wide as any chain gets, so that keys sort by it. */
const objectKey = ({ tenant_id, seq }: ChainHead): string =>
  `checkpoints/${tenant_id}/${String(seq).padStart(12, "0")}.json`;

/**
 * Signs the end of each chain that has grown since its last checkpoint, and puts the checkpoint where nobody can replace
 * it. Twice is once: the object of one link is written under one name, and its version is locked by the bucket.
 *
 * @returns how many checkpoints were made
 */
export const auditCheckpoints = ({
  documents,
  table,
  bucket,
  key,
  s3 = new S3Client({}),
  kms = new KMSClient({}),
}: CheckpointStore) => {
  const checkpoint = async (head: ChainHead, at: string): Promise<void> => {
    const { tenant_id, seq, hash } = head;
    const stated = { tenant_id, seq, hash, at };
    const { Signature } = await kms.send(
      new SignCommand({
        KeyId: key,
        Message: Buffer.from(canonical(stated)),
        MessageType: "RAW",
        SigningAlgorithm: "ECDSA_SHA_256",
      }),
    );
    const signed: SignedCheckpoint = { checkpoint: stated, signature: Buffer.from(Signature!).toString("base64") };
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: objectKey(head),
        Body: JSON.stringify(signed),
        ContentType: "application/json",
      }),
    );
    await documents.send(
      new UpdateCommand({
        TableName: table,
        Key: keys.auditChain(tenant_id),
        UpdateExpression: "SET checkpointed = :seq",
        ExpressionAttributeValues: { ":seq": seq },
      }),
    );
  };

  return async (now: Date): Promise<number> => {
    const chains = await queryAll(documents, {
      TableName: table,
      IndexName: partitions.auditChains.index,
      KeyConditionExpression: "gsi1pk = :list",
      ExpressionAttributeValues: { ":list": partitions.auditChains.value },
    });
    const grown = chains.map(chainHeadOf).filter(({ seq, checkpointed }) => seq > checkpointed);
    for (const head of grown) await checkpoint(head, now.toISOString());
    return grown.length;
  };
};
