import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

export type TenantStorageOptions = {
  /** The platform's API. */
  readonly api: string;
  /** A tenant's access token, asked for whenever credentials are. */
  readonly token: () => string | Promise<string>;
  /** How long credentials are asked for, in seconds: 900 to 3,600. */
  readonly seconds?: number;
};

/** One tenant's folder. Keys are within it: `uploads/photo.png`. */
export type TenantStorage = {
  put(key: string, body: string | Uint8Array, contentType?: string): Promise<void>;
  /** Undefined where there is no such file. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Nothing happens where there is no such file. */
  delete(key: string): Promise<void>;
  /** The keys that begin so, in order; without the empty files that only keep a folder. */
  list(prefix?: string): AsyncIterable<string>;
};

type Grant = {
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token: string;
  readonly expires_at: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly kms_key_arn: string | null;
};

/** Credentials that end this soon are not used for another request. */
const margin = 60_000;

/**
 * The files of the tenant whose token it is, by credentials that reach its folder only. They are asked of the platform
 * when they are first needed and again before they end.
 *
 * @throws Error when the platform gives no credentials: its status and the problem's code
 */
export const tenantStorage = ({ api, token, seconds = 3600 }: TenantStorageOptions): TenantStorage => {
  let current: Promise<{ grant: Grant; s3: S3Client }> | undefined;
  let until = 0;

  const ask = async () => {
    const response = await fetch(`${api}/api/storage-credentials`, {
      method: "POST",
      headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
      body: JSON.stringify({ duration_seconds: seconds }),
    });
    if (!response.ok) throw new Error(`No storage credentials: ${response.status} ${await codeOf(response)}`);
    const grant = (await response.json()) as Grant;
    const s3 = new S3Client({
      region: grant.region,
      credentials: {
        accessKeyId: grant.access_key_id,
        secretAccessKey: grant.secret_access_key,
        sessionToken: grant.session_token,
      },
    });
    until = Date.parse(grant.expires_at) - margin;
    return { grant, s3 };
  };

  const reach = () => {
    if (current === undefined || (until !== 0 && Date.now() > until)) {
      until = 0;
      const asked = ask();
      asked.catch(() => {
        if (current === asked) current = undefined;
      });
      current = asked;
    }
    return current;
  };

  const at = async (key: string) => {
    const { grant, s3 } = await reach();
    return { s3, grant, where: { Bucket: grant.bucket, Key: `${grant.prefix}${key}` } };
  };

  return {
    async put(key, body, contentType) {
      const { s3, grant, where } = await at(key);
      const encryption =
        grant.kms_key_arn === null
          ? {}
          : ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: grant.kms_key_arn } as const);
      await s3.send(new PutObjectCommand({ ...where, Body: body, ContentType: contentType, ...encryption }));
    },
    async get(key) {
      const { s3, where } = await at(key);
      try {
        const { Body } = await s3.send(new GetObjectCommand(where));
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async delete(key) {
      const { s3, where } = await at(key);
      await s3.send(new DeleteObjectCommand(where));
    },
    async *list(prefix = "") {
      const { s3, grant } = await reach();
      const pages = paginateListObjectsV2({ client: s3 }, { Bucket: grant.bucket, Prefix: `${grant.prefix}${prefix}` });
      for await (const { Contents = [] } of pages)
        for (const { Key = "" } of Contents) if (!Key.endsWith("/.keep")) yield Key.slice(grant.prefix.length);
    },
  };
};

/** The last part of the problem's `type`. */
const codeOf = async (response: Response): Promise<string> => {
  const problem = (await response.json().catch(() => ({}))) as { readonly type?: unknown };
  return typeof problem.type === "string" ? (problem.type.split("/").at(-1) ?? "") : "";
};
