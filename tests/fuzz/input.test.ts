import { beforeAll, expect, test } from "vitest";
import { send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner, signInAgain } from "../support/owners.ts";
import { ready } from "../support/ready.ts";
import { asked, type Bearer, countsIn } from "./bearer.ts";
import { type Description, type Operation, type Parameter, readDescription } from "./description.ts";
import { seeded, valuesOf } from "./values.ts";

// Every operation of the API's own description, with valid and with broken input: never a 5xx, never an answer that the
// description does not foresee. `FUZZ_SEED` and `FUZZ_REQUESTS` run others and more.

const seed = Number(process.env["FUZZ_SEED"] ?? 20_261_121);
const total = Number(process.env["FUZZ_REQUESTS"] ?? 5000);
const turn = Date.now().toString(36);

let description: Description;
/** The last is for operations that end the sessions of whoever asks. */
let bearers: Record<"admin" | "owner" | "expendable", Bearer>;
/** Ids that exist, by the name of the parameter. */
let known: Record<string, readonly string[]>;

beforeAll(async () => {
  description = await readDescription(ready().api_url);
  const admin = await signIn(ready());
  const { id, email } = await aTenantWithOwner(ready(), admin, `Fuzzed ${turn}`, "standard");
  const other = await aTenantWithOwner(ready(), admin, `Fuzzed too ${turn}`, "trial");
  const { body } = await send(ready(), "GET", `/admin/operations?tenant=${id}`, { token: admin });
  const ownerOf = async (address: string): Promise<Bearer> => ({
    token: await acceptInvitation(ready(), address, ready().client_id),
    signIn: () => signInAgain(ready(), address, ready().client_id),
  });
  bearers = {
    admin: { token: admin, signIn: () => signIn(ready()) },
    owner: await ownerOf(email),
    expendable: await ownerOf(other.email),
  };
  known = {
    tenant_id: [id, other.id],
    tenant: [id, other.id],
    operation_id: (body.items as { id: string }[]).map((operation) => operation.id),
    code: ["forbidden", "not-found"],
    month: ["2026-10", "2026-11"],
    metric: ["api_calls", "compute_hours"],
    name: [`fuzzed_${turn}`],
    tier: ["trial", "premium"],
    from: ["2026-11-01", "2026-11-20T00:00:00Z"],
    to: ["2026-11-21", "2026-11-22T00:00:00Z"],
  };
});

/** What starts long work, sends mail or is there for all when the whole request is right, and how often it may. */
const costly = new Map([
  ["createTenant", 3],
  ["inviteUser", 5],
  ["putMeter", 1],
  ["putPlan", 1],
]);

/** One request as it goes out, with enough to send it again by hand. */
type Request = {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
};

const requests = (random: () => number) => {
  const { pick, chance, text, valid, broken, rubbish } = valuesOf(description, random);

  const valueOf = ({ name, schema }: Parameter): string => {
    if (chance(0.25)) return text();
    const [live, made] = [known[name], valid(schema)];
    if (live !== undefined && chance(0.8)) return pick(live);
    return typeof made === "string" ? made : JSON.stringify(made);
  };

  const bodyOf = ({ id, body }: Operation): string | undefined => {
    if (body === undefined) return chance(0.1) ? rubbish() : undefined;
    if (chance(0.1)) return rubbish();
    const left = costly.get(id);
    if (left === 0 || chance(0.6)) return JSON.stringify(broken(valid(body))) ?? "";
    if (left !== undefined) costly.set(id, left - 1);
    return JSON.stringify(valid(body));
  };

  /** Header values are what HTTP lets through; anything else the client itself refuses. */
  const sendable = (value: string): string => value.replaceAll(/[^\t\x20-\x7E]/g, "").trim();

  const bearerOf = (path: string, who: number): Bearer =>
    path.startsWith("/api/session") ? bearers.expendable : who < 0.6 ? bearers.admin : bearers.owner;

  /** Without a bearer the request is as it stands: with nothing, or with nonsense, where the token goes. */
  return (): { operation: Operation; request: Request; bearer: Bearer | undefined } => {
    const operation = pick(description.operations);
    const { method, path, parameters } = operation;
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    let target = path;
    for (const parameter of parameters) {
      if (parameter.in === "path")
        // A dot-segment would be another path, an empty one another route, and one with a null byte is none.
        target = target.replace(
          `{${parameter.name}}`,
          encodeURIComponent(valueOf(parameter).toWellFormed().replaceAll("\0", "")).replace(/^\.{0,2}$/, "x"),
        );
      else if (parameter.required === true ? chance(0.9) : chance(0.4)) {
        if (parameter.in === "query") query.append(parameter.name, valueOf(parameter));
        else headers[parameter.name] = sendable(valueOf(parameter)) || "x";
      }
    }
    if (chance(0.05)) query.append(pick(["extra", "tenant_id", "__proto__", "limit"]), text());
    const who = random();
    const bearer = who < 0.92 ? bearerOf(path, who) : undefined;
    if (bearer === undefined && who < 0.96) headers["authorization"] = sendable(text()) || "Bearer";
    if (chance(0.05)) headers["accept"] = pick(["text/csv", "application/x-ndjson", "image/png", "*/*", "nonsense"]);
    if (chance(0.05))
      headers["content-type"] = pick(["text/plain", "application/xml", "application/json; charset=utf-16"]);
    const body = method === "GET" || method === "DELETE" ? undefined : bodyOf(operation);
    const search = query.size === 0 ? "" : `?${query.toString()}`;
    const request = { method, path: `${target}${search}`, headers, ...(body !== undefined && { body }) };
    return { operation, request, bearer };
  };
};

/** Undefined where it is no JSON, which no schema allows. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

test(`${total.toLocaleString("en")} requests by the description, valid and broken, seed ${seed}`, async () => {
  const next = requests(seeded(seed));
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  const reached = new Set<string>();
  /** Those with a token who were nobody nonetheless. */
  let unknown = 0;
  let left = total;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) {
        const { operation, request, bearer } = next();
        const { path, headers, ...init } = request;
        const ask = (authorization: Record<string, string>) =>
          fetch(`${ready().api_url}${path}`, { ...init, headers: { ...headers, ...authorization } });
        const response = await (bearer === undefined
          ? ask({})
          : asked(bearer, (token) => ask({ authorization: `Bearer ${token}` })));
        if (bearer !== undefined && response.status === 401) unknown += 1;
        const text = await response.text();
        const type = response.headers.get("content-type") ?? "";
        // JSON lines are text: of an empty list there is none.
        const body = /^application\/(?:[\w.-]+\+)?json\b/.test(type) ? parsed(text) : text;
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        reached.add(`${operation.id} ${response.status < 300 ? "succeeds" : "refuses"}`);
        const wrong =
          response.status >= 500
            ? `${response.status}: ${text.slice(0, 300)}`
            : response.headers.get("x-request-id") === null
              ? "no x-request-id"
              : description.judge(operation, { status: response.status, type, body });
        if (wrong !== undefined) faults.push(`${operation.id}: ${wrong}\n  ${JSON.stringify(request).slice(0, 600)}`);
      }
    }),
  );
  process.stdout.write(`${total} requests, ${countsIn(statuses)} (${unknown} with a token); ${faults.length} faults\n`);
  expect(faults.slice(0, 20)).toEqual([]);
  expect([...reached].filter((each) => each.endsWith("succeeds")).length).toBeGreaterThan(
    description.operations.length / 2,
  );
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404]));
  // What nobody may do tells nothing of what is done with the input.
  expect(unknown).toBeLessThanOrEqual(total / 50);
});
