import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { eksToken } from "@tenantry/aws/eks-token";
import { operator } from "./api.ts";
import type { Ready } from "./app.ts";
import { ask, askAll, askJson, orNothing } from "./aws.ts";
import { asSuperuser } from "./postgres.ts";

/** What tells a tenant from the others: everything that is made for one bears one of these in its name. */
export type Known = { readonly id: string; readonly slug: string; readonly owner: string };

/** A thing that exists: in words without the tenant's own names, and the text by which its tenant is recognised. */
type Thing = { readonly words: string; readonly bears: string };

/** Everything that exists at one moment, by whose it is. */
export type Inventory = { of(tenant: Known): string[] };

const underscored = (slug: string): string => slug.replaceAll("-", "_");

/** Databases, roles and the rows of shared tables, on every server. */
const databases = async (ready: Ready): Promise<Thing[]> =>
  asSuperuser(ready, "postgres", async (client) => {
    const things: Thing[] = [];
    const names = await client.query<{ datname: string; mark: string }>(
      "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') AS mark FROM pg_database WHERE NOT datistemplate",
    );
    for (const { datname, mark } of names.rows)
      things.push({ words: `database ${datname}`, bears: `${datname} ${mark}` });
    const roles = await client.query<{ rolname: string; mark: string }>(
      "SELECT rolname, coalesce(shobj_description(oid, 'pg_authid'), '') AS mark FROM pg_roles",
    );
    for (const { rolname, mark } of roles.rows) things.push({ words: `role ${rolname}`, bears: `${rolname} ${mark}` });
    // A tenant's own database goes with all that is in it; what is in the others is looked at row by row.
    for (const { datname, mark } of names.rows) {
      if (mark.includes("ten_") || datname === "postgres" || datname === "rdsadmin") continue;
      things.push(...(await whileThere(asSuperuser(ready, datname, (other) => rowsOf(other, datname)))));
    }
    return things;
  });

/** Of what goes while it is looked at there is nothing. */
const whileThere = async (looking: Promise<Thing[]>): Promise<Thing[]> =>
  looking.catch((error: Error & { code?: string }) => {
    if (error.code === "3D000" || /ResourceNotFoundException|does not exist/.test(error.message)) return [];
    throw error;
  });

const rowsOf = async (client: { query: (text: string) => Promise<{ rows: unknown[] }> }, database: string) => {
  const { rows: tables } = await client.query(
    `SELECT format('%I.%I', table_schema, table_name) AS name, column_name AS by FROM information_schema.columns
     JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
       AND (column_name = 'tenant_id' OR (table_name IN ('tenant', 'tenants') AND column_name = 'id'))`,
  );
  const things: Thing[] = [];
  for (const { name, by } of tables as { name: string; by: string }[]) {
    const { rows } = await client.query(`SELECT "${by}"::text AS id, count(*)::int AS count FROM ${name} GROUP BY 1`);
    for (const { id, count } of rows as { id: string; count: number }[])
      things.push({ words: `${count} rows of ${name} in ${database}`, bears: id });
  }
  return things;
};

/** Database servers of a tenant's own. */
const servers = async (ready: Ready): Promise<Thing[]> => {
  const describe = (action: string, tag: string) =>
    orNothing(
      ask(ready, "rds", "/", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `Action=${action}&Version=2014-10-31`,
      }).then((xml) => [
        ...new Set([...xml.matchAll(new RegExp(`<${tag}>([^<]+)</${tag}>`, "g"))].map(([, id = ""]) => id)),
      ]),
    );
  const [clusters, instances] = await Promise.all([
    describe("DescribeDBClusters", "DBClusterIdentifier"),
    describe("DescribeDBInstances", "DBInstanceIdentifier"),
  ]);
  return [
    ...clusters.map((id) => ({ words: `database cluster ${id}`, bears: id })),
    ...instances.map((id) => ({ words: `database instance ${id}`, bears: id })),
  ];
};

const secrets = async (ready: Ready): Promise<Thing[]> => {
  const all = await askAll<{ Name: string; Description?: string }>(async (NextToken) => {
    const page = await askJson(ready, "secretsmanager", "secretsmanager.ListSecrets", {
      MaxResults: 100,
      IncludePlannedDeletion: true,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    return { items: page.SecretList, next: page.NextToken };
  });
  // RDS gives its own secrets random names, and says in words of which cluster they are.
  return all.map(({ Name, Description = "" }) => ({
    words: `secret ${Name.replace(/^(rds!cluster)-.*/, "$1")}`,
    bears: `${Name} ${Description}`,
  }));
};

const objects = async (ready: Ready): Promise<Thing[]> => {
  const s3 = new S3Client({ ...operator(ready), forcePathStyle: true });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const found = await Promise.all(
    Buckets.map(({ Name }) =>
      askAll<Thing>(async (ContinuationToken) => {
        const page = await s3.send(
          new ListObjectsV2Command({
            Bucket: Name,
            Prefix: "tenants/",
            ...(ContinuationToken ? { ContinuationToken } : {}),
          }),
        );
        const items = (page.Contents ?? []).map(({ Key = "" }) => ({ words: `object ${Key}`, bears: Key }));
        return page.NextContinuationToken === undefined ? { items } : { items, next: page.NextContinuationToken };
      }),
    ),
  );
  return found.flat();
};

const cognito = (ready: Ready, action: string, input: object) =>
  askJson(ready, "cognito-idp", `AWSCognitoIdentityProviderService.${action}`, input);

/** User pools, their clients and their users. */
const identities = async (ready: Ready): Promise<Thing[]> => {
  const pools = await askAll<{ Id: string; Name: string }>(async (NextToken) => {
    const page = await cognito(ready, "ListUserPools", { MaxResults: 60, ...(NextToken ? { NextToken } : {}) });
    return { items: page.UserPools, next: page.NextToken };
  });
  const insideOf = async ({ Id, Name }: { Id: string; Name: string }): Promise<Thing[]> => {
    const shared = Id === ready.user_pool_id;
    const where = shared ? "the shared pool" : `the pool ${Name}`;
    const clients = await askAll<{ ClientName: string }>(async (NextToken) => {
      const page = await cognito(ready, "ListUserPoolClients", {
        UserPoolId: Id,
        MaxResults: 60,
        ...(NextToken ? { NextToken } : {}),
      });
      return { items: page.UserPoolClients, next: page.NextToken };
    });
    type User = { Username: string; Attributes: { Name: string; Value: string }[] };
    const users = await askAll<User>(async (PaginationToken) => {
      const page = await cognito(ready, "ListUsers", {
        UserPoolId: Id,
        Limit: 60,
        ...(PaginationToken ? { PaginationToken } : {}),
      });
      return { items: page.Users, next: page.PaginationToken };
    });
    const providers = await askAll<{ ProviderName: string }>(async (NextToken) => {
      const page = await cognito(ready, "ListIdentityProviders", {
        UserPoolId: Id,
        MaxResults: 60,
        ...(NextToken ? { NextToken } : {}),
      });
      return { items: page.Providers, next: page.NextToken };
    });
    const groups = await askAll<{ GroupName: string }>(async (NextToken) => {
      const page = await cognito(ready, "ListGroups", {
        UserPoolId: Id,
        Limit: 60,
        ...(NextToken ? { NextToken } : {}),
      });
      return { items: page.Groups, next: page.NextToken };
    });
    const mailOf = ({ Attributes }: User) => Attributes.find((one) => one.Name === "email")?.Value ?? "";
    return [
      ...(shared ? [] : [{ words: `user pool ${Name}`, bears: Name }]),
      ...clients.map(({ ClientName }) => ({
        words: `app client ${ClientName} of ${where}`,
        bears: `${ClientName} ${Name}`,
      })),
      ...users.map((user) => ({
        words: `user ${mailOf(user)} of ${where}`,
        bears: `${mailOf(user)} ${user.Username} ${shared ? "" : Name}`,
      })),
      ...providers.map(({ ProviderName }) => ({
        words: `identity provider of ${where}`,
        bears: `${ProviderName} ${shared ? "" : Name}`,
      })),
      ...groups.map(({ GroupName }) => ({
        words: `group ${GroupName} of ${where}`,
        bears: `${GroupName} ${shared ? "" : Name}`,
      })),
    ];
  };
  const within = await Promise.all(pools.map((pool) => whileThere(insideOf(pool))));
  return within.flat();
};

/** API keys of API Gateway, each with the usage plans that it is in. */
const usageKeys = async (ready: Ready): Promise<Thing[]> => {
  const list = async <T>(path: string): Promise<T[]> =>
    askAll<T>(async (position) => {
      const from = position === undefined ? "" : `&position=${encodeURIComponent(position)}`;
      const page = JSON.parse(await ask(ready, "apigateway", `${path}limit=500${from}`)) as {
        item: T[];
        position?: string;
      };
      return page.position === undefined ? { items: page.item } : { items: page.item, next: page.position };
    });
  type Named = { id: string; name: string; tags?: Record<string, string> };
  const [all, plans] = await Promise.all([list<Named>("/apikeys?"), list<Named>("/usageplans?")]);
  const inPlans = await Promise.all(
    plans.map(async ({ id, name }) =>
      (await list<Named>(`/usageplans/${id}/keys?`)).map((key) => [key.id, name] as const),
    ),
  );
  return all.map(({ id, name, tags }) => {
    const of = inPlans.flat().flatMap(([key, plan]) => (key === id ? [plan] : []));
    return { words: `usage key ${name} in ${of.join(", ")}`, bears: `${name} ${JSON.stringify(tags)}` };
  });
};

/** Keys that are on their way out stay so: nobody here takes that back. */
const leaving = new Set<string>();

/** Keys that are not on their way out, by their aliases, descriptions and tags. */
const keys = async (ready: Ready): Promise<Thing[]> =>
  orNothing(
    (async () => {
      const kms = (action: string, input: object) => askJson(ready, "kms", `TrentService.${action}`, input);
      const list = async <T>(action: string, of: string): Promise<T[]> =>
        askAll<T>(async (Marker) => {
          const page = await kms(action, { Limit: 100, ...(Marker ? { Marker } : {}) });
          return { items: page[of], next: page.NextMarker };
        });
      const [all, named] = await Promise.all([
        list<{ KeyId: string }>("ListKeys", "Keys"),
        list<{ AliasName: string }>("ListAliases", "Aliases"),
      ]);
      const aliases = named.map(({ AliasName }) => ({ words: `alias ${AliasName}`, bears: AliasName }));
      const described = await Promise.all(
        all.map(async ({ KeyId }): Promise<Thing[]> => {
          if (leaving.has(KeyId)) return [];
          const { KeyMetadata } = await kms("DescribeKey", { KeyId });
          if (KeyMetadata.KeyState === "PendingDeletion") {
            leaving.add(KeyId);
            return [];
          }
          const tags = await kms("ListResourceTags", { KeyId }).catch(() => ({ Tags: [] }));
          return [{ words: "KMS key", bears: JSON.stringify([KeyMetadata.Description, tags.Tags]) }];
        }),
      );
      return [...aliases, ...described.flat()];
    })(),
  );

/** Kinds of which a namespace is full, as `api path / plural`. */
const kinds = [
  "api/v1/resourcequotas",
  "api/v1/limitranges",
  "api/v1/serviceaccounts",
  "apis/networking.k8s.io/v1/networkpolicies",
  "apis/rbac.authorization.k8s.io/v1/roles",
  "apis/rbac.authorization.k8s.io/v1/rolebindings",
  "apis/policy/v1/poddisruptionbudgets",
  "apis/monitoring.coreos.com/v1/servicemonitors",
];

/** Namespaces with what is in them, and the roles of their pods. */
const clusterObjects = async (ready: Ready): Promise<Thing[]> => {
  const { clusters } = JSON.parse(await ask(ready, "eks", "/clusters")) as { clusters: string[] };
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      const token = await eksToken({
        cluster,
        region: ready.region,
        sts: ready.aws_endpoint_url,
        key: operator(ready).credentials,
      });
      type Found = { metadata: { name: string; namespace?: string } };
      const list = async (path: string): Promise<{ kind: string; items: Found[] }> => {
        const answer = await fetch(`${ready.aws_endpoint_url}/_eks/${cluster}/${path}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return (await answer.json()) as { kind: string; items: Found[] };
      };
      const namespaces = (await list("api/v1/namespaces")).items.map(({ metadata: { name } }) => ({
        words: `namespace ${name}`,
        bears: name,
      }));
      const inside = await Promise.all(
        kinds.map(async (path) => {
          const { kind, items } = await list(path);
          return items.map(({ metadata: { name, namespace = "" } }) => ({
            words: `${kind.replace(/List$/, "")} ${name} in ${namespace}`,
            bears: namespace,
          }));
        }),
      );
      const { associations } = JSON.parse(
        await ask(ready, "eks", `/clusters/${encodeURIComponent(cluster)}/pod-identity-associations?maxResults=100000`),
      ) as { associations: { namespace: string; serviceAccount: string }[] };
      return [
        ...namespaces,
        ...inside.flat(),
        ...associations.map(({ namespace, serviceAccount }) => ({
          words: `pod identity of ${serviceAccount} in ${namespace}`,
          bears: namespace,
        })),
      ];
    }),
  );
  return found.flat();
};

/**
 * What a failed onboarding leaves on purpose: the tenant with the name that stays its own, its history, and the answers
 * that repeated requests get. What the tenant's record says was made is looked at.
 */
const kept = new Set(["slug", "operation", "audit"]);
const keptKeys = /^(TENANT|SLUG|OPERATION|AUDIT|PROGRESS|TASK_STATUS|CHANGE|CONNECTION|WEBHOOK|DELIVERY|SWEEP)#?/;

/** Left out by the engine itself: after a thousand onboardings this is a hundred thousand items. */
const withoutHistory = {
  FilterExpression:
    "(attribute_not_exists(#entity) OR NOT #entity IN (:audit, :operation, :progress, :slug)) AND " +
    "(attribute_not_exists(#type) OR #entity <> :event OR #type = :activated)",
  ExpressionAttributeNames: { "#entity": "entity", "#type": "type" },
  ExpressionAttributeValues: {
    ":audit": "audit",
    ":operation": "operation",
    ":progress": "progress",
    ":slug": "slug",
    ":event": "event",
    ":activated": "tenant.activated.v1",
  },
};

type Item = {
  pk: string;
  sk: string;
  entity?: string;
  resources?: Record<string, unknown>;
  roles?: string[];
  type?: string;
};

/** Memberships, issuers and what the tenant's record says was made; usage that was counted. */
const records = async (ready: Ready): Promise<Thing[]> => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(operator(ready)));
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const things: Thing[] = [];
  for (const table of TableNames) {
    for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ...withoutHistory })) {
      for (const item of Items as Item[]) things.push(...recordsIn(item));
    }
  }
  return things;
};

/** Numbers of DynamoDB may be larger than those of JSON. */
const textOf = (item: Item): string =>
  JSON.stringify(item, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

const recordsIn = (item: Item): Thing[] => {
  if (item.entity === "tenant")
    return Object.keys(item.resources ?? {}).map((plane) => ({ words: `record of its ${plane}`, bears: item.pk }));
  if (item.entity === "event" && item.type === "tenant.activated.v1")
    return [{ words: "event tenant.activated.v1", bears: textOf(item) }];
  if (item.entity === "event" || item.pk.startsWith("EVENT#") || item.pk.startsWith("IDEMPOTENCY")) return [];
  if (item.entity !== undefined && (kept.has(item.entity) || keptKeys.test(item.pk))) return [];
  const what = item.entity ?? item.pk.split("#")[0]?.toLowerCase() ?? "item";
  return [{ words: `${what}${item.roles ? ` ${item.roles.join(" ")}` : ""}`, bears: textOf(item) }];
};

/** Looks at everything there is, in the engines and not in the product's own accounts of it. */
export const takeInventory = async (ready: Ready): Promise<Inventory> => {
  const looks = [databases, servers, secrets, objects, identities, usageKeys, keys, clusterObjects, records];
  const things = (await Promise.all(looks.map((look) => look(ready)))).flat();
  return {
    of: ({ id, slug, owner }) => {
      const hyphened = id.toLowerCase().replaceAll("_", "-");
      // An identity provider's name has no room for more of the id than its random half.
      const names = [id, hyphened, id.slice(-16).toLowerCase(), slug, underscored(slug), owner];
      return things
        .filter(({ bears }) => names.some((name) => bears.includes(name)))
        .map(({ words }) =>
          words
            .replaceAll(id, "<id>")
            .replaceAll(id.toLowerCase(), "<id>")
            .replaceAll(hyphened, "<id>")
            .replaceAll(owner, "<owner>")
            .replaceAll(slug, "<slug>")
            .replaceAll(underscored(slug), "<slug>"),
        )
        .toSorted();
    },
  };
};

/** Everything that exists of one tenant, in words. */
export const inventoryOf = async (ready: Ready, tenant: Known): Promise<string[]> =>
  (await takeInventory(ready)).of(tenant);
