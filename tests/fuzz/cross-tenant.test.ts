import { beforeAll, expect, test } from "vitest";
import { send, signIn } from "../support/api.ts";
import type { Ready } from "../support/app.ts";
import { acceptInvitation, aTenantWithOwner, signInAgain } from "../support/owners.ts";
import { ready } from "../support/ready.ts";
import { asked, type Bearer, countsIn } from "./bearer.ts";
import { type Description, type Operation, type Parameter, readDescription, type Schema } from "./description.ts";
import { leaksOf, type Party } from "./oracle.ts";
import { seeded, valuesOf } from "./values.ts";

// Every operation × every parameter and field that bears an id × the tokens of a tenant's users, pointed at another
// tenant: no answer may show or change anything of it. `FUZZ_SEED` and `FUZZ_REQUESTS` run others and more.

const seed = Number(process.env["FUZZ_SEED"] ?? 20_261_121);
const total = Number(process.env["FUZZ_REQUESTS"] ?? 5000);
const turn = Date.now().toString(36);

let description: Description;
let admin: string;
/** Tokens of A's users and of B's, by who they are. */
let tokens: readonly Caller[];
/** Asks what ends the sessions of whoever asks. */
let expendable: Caller;

type Caller = { readonly who: string; readonly bearer: Bearer; readonly foreign: Party; readonly own: Party };

const party = async (cloud: Ready, name: string): Promise<Party & { readonly bearer: Bearer }> => {
  const { id, slug, email } = await aTenantWithOwner(cloud, admin, `${name} ${turn}`, "standard");
  const token = await acceptInvitation(cloud, email, cloud.client_id);
  const created = await send(cloud, "POST", "/admin/webhooks", {
    token: admin,
    body: { tenant_id: id, url: `https://localhost/${slug}`, event_types: ["tenant.activated.v1"] },
  });
  expect(created.status, created.text).toBe(201);
  const idsIn = async (path: string, bearer: string): Promise<string[]> => {
    const { status, body, text } = await send(cloud, "GET", path, { token: bearer });
    expect(status, text).toBe(200);
    return (body.items as { id: string }[]).map((each) => each.id);
  };
  const [operations, users, sessions] = await Promise.all([
    idsIn(`/admin/operations?tenant=${id}`, admin),
    idsIn(`/admin/tenants/${id}/users`, admin),
    idsIn("/api/sessions", token),
  ]);
  const ids = [id, String(created.body.id), ...operations, ...users, ...sessions];
  expect(ids.length).toBeGreaterThan(4);
  const bearer = { token, signIn: () => signInAgain(cloud, email, cloud.client_id) };
  return { id, bearer, ids, marks: [...ids, slug, email, `${name} ${turn}`] };
};

beforeAll(async () => {
  description = await readDescription(ready().api_url);
  admin = await signIn(ready());
  const [a, b, c] = await Promise.all(["Mine", "Theirs", "Third"].map((name) => party(ready(), name)));
  if (a === undefined || b === undefined || c === undefined) throw new Error("There are not three tenants.");
  expendable = { who: "the owner of C", bearer: c.bearer, own: c, foreign: b };
  tokens = [
    { who: "the owner of A", bearer: a.bearer, own: a, foreign: b },
    { who: "the owner of B", bearer: b.bearer, own: b, foreign: a },
  ];
});

const isId = (name: string): boolean =>
  /(^|_)(id|ids|tenant|org|user|operation|key|cursor|email|slug|actor|prefix)$/.test(name);

/** A tenant's id in a path, and as a list's filter. */
const isTenant = ({ name }: Pick<Parameter, "name">): boolean => name === "tenant_id" || name === "tenant";

/** What its own users' requests change, and they are part of the test: `api_calls` and what follows from them. */
const ownDoing = /usage|invoices|entitlements|audit/;

/** Everything of a tenant that the platform's staff can see, as one text: what must not have changed. */
const stateOf = async ({ id }: Party): Promise<string> => {
  const paths = description.operations
    .filter(({ method, parameters }) => method === "GET" && parameters.some(isTenant))
    .filter(({ path }) => !ownDoing.test(path))
    .filter(({ parameters }) => parameters.every((each) => isTenant(each) || each.required !== true))
    .map(({ path, parameters }) => {
      const filter = parameters.find((each) => isTenant(each) && each.in === "query");
      return `${path.replace("{tenant_id}", id)}${filter === undefined ? "" : `?${filter.name}=${id}`}`;
    });
  expect(paths.length).toBeGreaterThan(1);
  const answers = await Promise.all(paths.map((path) => send(ready(), "GET", path, { token: admin })));
  const events = `/admin/tenants/${id}/usage?metric=compute_hours&from=${usageFrom}&to=${usageTo}&window=month`;
  const usage = await send(ready(), "GET", events, { token: admin });
  expect(usage.status).toBe(200);
  const counted = (usage.body.groups ?? [usage.body]).flatMap(({ buckets }: { buckets: { value: string }[] }) =>
    buckets.map(({ value }) => value),
  );
  const seen = answers.map(({ text }) => text.replaceAll(/"(?:\w+_at|request_id)":"[^"]*"/g, ""));
  return [...seen, ...counted].join("\n");
};

const usageFrom = new Date(Date.now() - 2 * 24 * 3_600_000).toISOString().slice(0, 10);
const usageTo = new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10);

type Case = { readonly operation: Operation; readonly at: string };

/** Each place of each operation where an id can stand; operations without one are asked as they are. */
const cases = (): Case[] => {
  const fields = (schema: Schema | undefined, path = ""): string[] => {
    const { properties = {} } = schema === undefined ? {} : description.resolve(schema);
    return Object.entries(properties).flatMap(([name, field]) => [
      ...(isId(name) ? [`${path}/${name}`] : []),
      ...fields(field, `${path}/${name}`),
    ]);
  };
  return description.operations
    .filter(({ isPublic }) => !isPublic)
    .flatMap((operation) => {
      const places = [
        ...operation.parameters
          .filter(({ in: where, name }) => where === "path" || isId(name))
          .map((each) => `${each.in}:${each.name}`),
        ...fields(operation.body).map((field) => `body:${field}`),
        "query:tenant_id",
        "query:tenant",
        "query:org_id",
        "header:x-tenant-id",
        "nowhere",
      ];
      return [...new Set(places)].map((at) => ({ operation, at }));
    });
};

const requestsOf = (random: () => number) => {
  const { pick, chance, valid } = valuesOf(description, random);
  const dressed = (id: string): string => {
    const how = random();
    if (how < 0.7) return id;
    return pick([
      id.toLowerCase(),
      ` ${id}`,
      `${id} `,
      `${id}/`,
      `${id}#`,
      `${id},`,
      `*`,
      id.slice(0, -1),
      `${id}\u0000`,
    ]);
  };

  return ({ operation, at }: Case, own: Party, foreign: Party) => {
    const aim = dressed(pick(foreign.ids));
    const [where = "", name = ""] = at.split(":");
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    let path = operation.path;
    const fallback = ({ name: parameter, schema }: Parameter): string => {
      if (isTenant({ name: parameter })) return chance(0.5) ? own.id : foreign.id;
      if (isId(parameter)) return pick(chance(0.5) ? own.ids : foreign.ids);
      const made = valid(schema);
      return typeof made === "string" ? made : JSON.stringify(made);
    };
    for (const parameter of operation.parameters) {
      const value = at === `${parameter.in}:${parameter.name}` ? aim : fallback(parameter);
      if (parameter.in === "path")
        path = path.replace(`{${parameter.name}}`, encodeURIComponent(value.replaceAll("\0", "")));
      else if (parameter.in === "query" && (parameter.required === true || chance(0.3)))
        query.set(parameter.name, value);
    }
    if (where === "query") query.set(name, aim);
    if (where === "header") headers[name] = aim.replaceAll("\0", "").trim();
    let body: unknown = operation.body === undefined ? undefined : valid(operation.body);
    if (where === "body" && typeof body === "object" && body !== null)
      body = withField(body, name.split("/").slice(1), aim);
    const search = query.size === 0 ? "" : `?${query.toString()}`;
    return { method: operation.method, path: `${path}${search}`, headers, body };
  };
};

const withField = (value: object, [name = "", ...rest]: readonly string[], aim: string): object => {
  const inner = (value as Record<string, unknown>)[name];
  return {
    ...value,
    [name]: rest.length === 0 ? aim : withField(typeof inner === "object" && inner !== null ? inner : {}, rest, aim),
  };
};

test(`${total.toLocaleString("en")} requests at another tenant show and change nothing of it, seed ${seed}`, async () => {
  const random = seeded(seed);
  const make = requestsOf(random);
  const all = cases();
  expect(all.length).toBeGreaterThan(30);
  const before = await Promise.all(tokens.map(({ own }) => stateOf(own)));
  const leaks: string[] = [];
  const statuses = new Map<number, number>();
  let at = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let turnOf = at++; turnOf < total; turnOf = at++) {
        const each = all[turnOf % all.length]!;
        const { who, bearer, own, foreign } = each.operation.path.startsWith("/api/session")
          ? expendable
          : tokens[Math.floor(turnOf / all.length) % tokens.length]!;
        const { method, path, headers, body } = make(each, own, foreign);
        const content = body !== undefined && method !== "GET" && { body };
        const answer = await asked(bearer, (token) => send(ready(), method, path, { token, headers, ...content }));
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        leaks.push(...leaksOf({ who, method, path, headers, body }, answer, foreign));
      }
    }),
  );
  process.stdout.write(`${total} requests, ${all.length} places, ${countsIn(statuses)}; ${leaks.length} leaks\n`);
  expect(leaks.slice(0, 20)).toEqual([]);
  expect(await Promise.all(tokens.map(({ own }) => stateOf(own)))).toEqual(before);
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 404]));
  // Whoever is nobody sees nothing of anybody.
  expect(statuses.get(401) ?? 0).toBeLessThan(total / 50);
});
