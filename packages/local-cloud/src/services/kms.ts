import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Graph, ofType } from "../deploy/graph.ts";
import { AwsError, type AwsRequest, type Permission, type Service } from "../gateway/service.ts";
import type { PartFactory } from "../part.ts";
import { jsonService } from "../protocols/json.ts";
import { type Input, optionalNumber, optionalText, page, records, text, textMap } from "./input.ts";
import { defaultKeyPolicy, type Key, type Keys, newKeyId, openKeys, stateOf } from "./kms-keys.ts";
import { newSigningKey, signingActions, signingSpec } from "./kms-signing.ts";
import { openSeal, type Seal } from "./seal.ts";

const DAY = 86_400;
const NONCE = 12;
const TAG = 16;
const ID = 36;

const aliasName = /^alias\/[\w/-]{1,250}$/;

const tagsOf = (input: Input): Record<string, string> =>
  Object.fromEntries(
    records(input, "Tags").map((tag) => [text(tag, "TagKey"), optionalText(tag, "TagValue") ?? ""] as const),
  );

const metadata = (key: Key, account: string): Record<string, unknown> => ({
  AWSAccountId: account,
  KeyId: key.id,
  Arn: key.arn,
  CreationDate: key.createdAt,
  Enabled: stateOf(key) === "Enabled",
  Description: key.description,
  KeyUsage: key.spec === undefined ? "ENCRYPT_DECRYPT" : "SIGN_VERIFY",
  KeyState: stateOf(key),
  DeletionDate: key.deletesAt,
  Origin: "AWS_KMS",
  KeyManager: "CUSTOMER",
  KeySpec: key.spec ?? "SYMMETRIC_DEFAULT",
  CustomerMasterKeySpec: key.spec ?? "SYMMETRIC_DEFAULT",
  ...(key.spec === undefined
    ? { EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"] }
    : { SigningAlgorithms: ["ECDSA_SHA_256"] }),
  MultiRegion: false,
});

/** The encryption context is authenticated with the text, its members in order of their names. */
const authenticated = (input: Input): Buffer =>
  Buffer.from(
    JSON.stringify(Object.entries(textMap(input, "EncryptionContext")).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    "utf8",
  );

const material = (seal: Seal, key: Key): Buffer => {
  if (key.spec !== undefined) throw new AwsError("InvalidKeyUsageException", `${key.arn} is no key to encrypt with.`);
  return Buffer.from(seal.open(key.sealed, key.arn), "base64");
};

const newMaterial = (spec: Key["spec"]): string =>
  spec === undefined ? randomBytes(32).toString("base64") : newSigningKey();

/** AES-256-GCM; the ciphertext begins with the key's id, so that Decrypt needs no name. */
const encrypt = (seal: Seal, key: Key, plain: Buffer, context: Buffer): string => {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", material(seal, key), nonce).setAAD(context);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from(key.id), nonce, cipher.getAuthTag(), body]).toString("base64");
};

const decrypt = (seal: Seal, keys: Keys, input: Input): { key: Key; plain: Buffer } => {
  const bytes = Buffer.from(text(input, "CiphertextBlob"), "base64");
  const invalid = new AwsError("InvalidCiphertextException", "The ciphertext is not one of KMS.");
  const id = bytes.subarray(0, ID).toString("latin1");
  if (bytes.length < ID + NONCE + TAG || !keys.find(id)) throw invalid;
  const key = keys.needUsable(id);
  const named = optionalText(input, "KeyId");
  if (named !== undefined && keys.need(named).id !== key.id)
    throw new AwsError("IncorrectKeyException", "The key in the request is not the one that encrypted the text.");
  try {
    const nonce = bytes.subarray(ID, ID + NONCE);
    const cipher = createDecipheriv("aes-256-gcm", material(seal, key), nonce)
      .setAAD(authenticated(input))
      .setAuthTag(bytes.subarray(ID + NONCE, ID + NONCE + TAG));
    return { key, plain: Buffer.concat([cipher.update(bytes.subarray(ID + NONCE + TAG)), cipher.final()]) };
  } catch {
    throw invalid;
  }
};

const kmsActions = (keys: Keys, seal: Seal, place: { readonly region: string; readonly account: string }) => {
  const arnOf = (rest: string): string => `arn:aws:kms:${place.region}:${place.account}:${rest}`;
  const change = (key: Key, more: Partial<Key>): Key => {
    const changed = { ...key, ...more };
    keys.keys.put(key.id, changed);
    return changed;
  };
  const listed = (input: Input): Key[] =>
    keys.keys
      .list()
      .flatMap(({ value }) => keys.find(value.id) ?? [])
      .filter((key) => optionalText(input, "KeyId") === undefined || keys.need(text(input, "KeyId")).id === key.id);
  const paged = <T>(items: readonly T[], keyOf: (item: T) => string, input: Input, most: number) =>
    page(items, keyOf, Math.min(optionalNumber(input, "Limit") ?? most, most), optionalText(input, "Marker"));
  const freshAlias = (input: Input): string => {
    const name = text(input, "AliasName");
    if (!aliasName.test(name) || name.startsWith("alias/aws/"))
      throw new AwsError("InvalidAliasNameException", `${name} is no name for an alias.`);
    return name;
  };
  return {
    CreateKey(input: Input) {
      const spec = optionalText(input, "KeySpec") ?? "SYMMETRIC_DEFAULT";
      const usage = optionalText(input, "KeyUsage") ?? "ENCRYPT_DECRYPT";
      const signs = spec === signingSpec && usage === "SIGN_VERIFY";
      if (input["MultiRegion"] === true || !(signs || (spec === "SYMMETRIC_DEFAULT" && usage === "ENCRYPT_DECRYPT")))
        throw new AwsError("NotImplemented", `The embedded cloud has no keys of ${spec} for ${usage}.`, 501);
      const id = newKeyId();
      const arn = arnOf(`key/${id}`);
      const key: Key = {
        id,
        arn,
        description: optionalText(input, "Description") ?? "",
        tags: tagsOf(input),
        createdAt: keys.now(),
        sealed: seal.seal(newMaterial(signs ? signingSpec : undefined), arn),
        ...(signs && { spec: signingSpec }),
      };
      keys.keys.put(id, key);
      return { KeyMetadata: metadata(key, place.account) };
    },
    DescribeKey: (input: Input) => ({ KeyMetadata: metadata(keys.need(text(input, "KeyId")), place.account) }),
    ListKeys(input: Input) {
      const { items, next } = paged(listed({}), ({ id }) => id, input, 1000);
      return {
        Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })),
        NextMarker: next,
        Truncated: next !== undefined,
      };
    },
    CreateAlias(input: Input) {
      const name = freshAlias(input);
      const key = keys.needUsable(text(input, "TargetKeyId"));
      if (keys.aliases.get(name) !== undefined)
        throw new AwsError("AlreadyExistsException", `An alias with the name ${arnOf(name)} already exists`);
      keys.aliases.put(name, key.id);
    },
    DeleteAlias(input: Input) {
      const name = text(input, "AliasName");
      if (keys.aliases.get(name) === undefined)
        throw new AwsError("NotFoundException", `Alias ${arnOf(name)} is not found.`);
      keys.aliases.delete(name);
    },
    ListAliases(input: Input) {
      const wanted = new Set(listed(input).map(({ id }) => id));
      const found = keys.aliases.list().filter(({ value }) => wanted.has(value));
      const { items, next } = paged(found, ({ key }) => key, input, 100);
      return {
        Aliases: items.map(({ key, value }) => ({ AliasName: key, AliasArn: arnOf(key), TargetKeyId: value })),
        NextMarker: next,
        Truncated: next !== undefined,
      };
    },
    TagResource(input: Input) {
      const key = keys.need(text(input, "KeyId"));
      change(key, { tags: { ...key.tags, ...tagsOf(input) } });
    },
    ListResourceTags(input: Input) {
      const { tags } = keys.need(text(input, "KeyId"));
      return { Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })), Truncated: false };
    },
    ScheduleKeyDeletion(input: Input) {
      const key = keys.need(text(input, "KeyId"));
      const days = optionalNumber(input, "PendingWindowInDays") ?? 30;
      if (days < 7 || days > 30)
        throw new AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30.");
      if (key.deletesAt !== undefined)
        throw new AwsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
      const deletesAt = keys.now() + days * DAY;
      change(key, { deletesAt });
      // KMS deletes a key's aliases with the key, not before.
      return { KeyId: key.arn, DeletionDate: deletesAt, KeyState: "PendingDeletion", PendingWindowInDays: days };
    },
    CancelKeyDeletion(input: Input) {
      const { deletesAt, ...key } = keys.need(text(input, "KeyId"));
      if (deletesAt === undefined)
        throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
      keys.keys.put(key.id, { ...key, disabled: true });
      return { KeyId: key.arn };
    },
    EnableKey(input: Input) {
      const key = keys.need(text(input, "KeyId"));
      if (key.deletesAt !== undefined)
        throw new AwsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
      change(key, { disabled: false });
    },
    Encrypt(input: Input) {
      const key = keys.needUsable(text(input, "KeyId"));
      const plain = Buffer.from(text(input, "Plaintext"), "base64");
      if (plain.length > 4096) throw new AwsError("ValidationException", "The plaintext is longer than 4096 bytes.");
      const CiphertextBlob = encrypt(seal, key, plain, authenticated(input));
      return { KeyId: key.arn, CiphertextBlob, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
    },
    Decrypt(input: Input) {
      const { key, plain } = decrypt(seal, keys, input);
      return { KeyId: key.arn, Plaintext: plain.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
    },
    GenerateDataKey(input: Input) {
      const key = keys.needUsable(text(input, "KeyId"));
      const spec = optionalText(input, "KeySpec");
      const bytes = optionalNumber(input, "NumberOfBytes") ?? (spec === "AES_128" ? 16 : 32);
      const plain = randomBytes(bytes);
      const CiphertextBlob = encrypt(seal, key, plain, authenticated(input));
      return { KeyId: key.arn, Plaintext: plain.toString("base64"), CiphertextBlob };
    },
    ...signingActions(keys, seal),
  };
};

/** What a call on KMS is judged by: keys by their ARN and tags, an alias and its key both. */
const kmsPermissions = (keys: Keys, arnOf: (rest: string) => string, request: AwsRequest): Permission[] => {
  const action = `kms:${String(request.headers["x-amz-target"] ?? "")
    .split(".")
    .at(-1)}`;
  let input: Input = {};
  try {
    input = JSON.parse(request.body.toString("utf8") || "{}") as Input;
  } catch {
    // The service itself refuses what is no JSON.
  }
  const tagContext = (tags: Readonly<Record<string, string>>, kind: string) =>
    Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:${kind}Tag/${name}`, value]));
  const asked = Array.isArray(input["Tags"]) ? tagContext(tagsOf(input), "Request") : {};
  if (action === "kms:CreateKey" || action === "kms:ListKeys" || action === "kms:ListAliases") {
    const wanted: Permission[] = [{ action, resource: "*", context: asked }];
    return Array.isArray(input["Tags"])
      ? [...wanted, { action: "kms:TagResource", resource: "*", context: asked }]
      : wanted;
  }
  const named = input["KeyId"] ?? input["TargetKeyId"] ?? input["AliasName"];
  const blob = typeof input["CiphertextBlob"] === "string" ? input["CiphertextBlob"] : "";
  const reference = typeof named === "string" ? named : Buffer.from(blob, "base64").subarray(0, ID).toString("latin1");
  const encryption = Object.entries(textMap(input, "EncryptionContext")).map(([name, value]) => [
    `kms:EncryptionContext:${name}`,
    value,
  ]);
  const key = keys.find(reference);
  const resource = key?.arn ?? arnOf(`key/${reference}`);
  const policy = defaultKeyPolicy(resource.split(":")[4] ?? "");
  const onKey: Permission = {
    action,
    resource,
    policy,
    context: { ...asked, ...tagContext(key?.tags ?? {}, "Resource"), ...Object.fromEntries(encryption) },
  };
  const alias = input["AliasName"];
  return typeof alias === "string" ? [{ action, resource: arnOf(alias) }, onKey] : [onKey];
};

const KEY = "aws:kms/key:Key";
const ALIAS = "aws:kms/alias:Alias";

const applyKeys = (graph: Graph, keys: Keys, seal: Seal): void => {
  for (const { id, inputs, outputs } of ofType(graph, KEY)) {
    const arn = String(outputs["arn"]);
    if (keys.keys.get(id) !== undefined) continue;
    const spec = inputs["customerMasterKeySpec"] === signingSpec ? signingSpec : undefined;
    keys.keys.put(id, {
      id,
      arn,
      description: String(inputs["description"] ?? ""),
      tags: (inputs["tags"] ?? {}) as Record<string, string>,
      createdAt: keys.now(),
      sealed: seal.seal(newMaterial(spec), arn),
      ...(spec && { spec }),
    });
  }
  for (const { id, inputs } of ofType(graph, ALIAS))
    keys.aliases.put(id, String(inputs["targetKeyId"]).split("/").at(-1) ?? "");
};

/** KMS, own and small: keys that encrypt or sign, their aliases and tags, in earnest. Grants and key policies are not there. */
export const kms: PartFactory = async (host) => {
  const keys = openKeys(host.store);
  const seal = openSeal(host.seed, "kms");
  const json = jsonService({
    name: "kms",
    target: "TrentService",
    version: "1.1",
    actions: kmsActions(keys, seal, host),
  });
  const arnOf = (rest: string): string => `arn:aws:kms:${host.region}:${host.account}:${rest}`;
  const service: Service = { ...json, permissions: (request) => kmsPermissions(keys, arnOf, request) };
  return {
    name: "kms",
    services: [service],
    types: [KEY, ALIAS],
    apply: async (graph) => applyKeys(graph, keys, seal),
  };
};
