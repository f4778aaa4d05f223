import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { setTimeout as sleep } from "node:timers/promises";
import { tiers } from "@tenantry/core/tenant/tier";
import { beforeAll, expect, test } from "vitest";
import { type Answer, operator, poll, send, signIn } from "../support/api.ts";
import { ask } from "../support/aws.ts";
import { inventoryOf } from "../support/inventory.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// One tenant sends more than its tier takes. It alone is told to wait.

const turn = Date.now().toString(36);
const { rate, burst, perDay } = tiers.trial.requests;
/** How long each phase lasts, in seconds; how often the flood asks, in requests a second. */
const phase = 4;
const flood = 16 * rate;

type Party = { readonly id: string; readonly slug: string; readonly email: string; readonly token: string };
let admin: string;
let noisy: Party;
let quiet: Party;

const party = async (name: string): Promise<Party> => {
  const made = await aTenantWithOwner(ready(), admin, `${name} ${turn}`, "trial");
  return { ...made, token: await acceptInvitation(ready(), made.email, ready().client_id) };
};

const get = (token: string, path = "/api/users") => send(ready(), "GET", path, { token });

beforeAll(async () => {
  admin = await signIn(ready());
  [noisy, quiet] = await Promise.all([party("Noisy"), party("Quiet")]);
});

type Timed = Answer & { readonly took: number };

/** Asks so many times a second for a phase, whether or not the answers are in, as a flood does. */
const paced = async (perSecond: number, asking: (at: number) => Promise<Answer>): Promise<readonly Timed[]> => {
  const begun = performance.now();
  const asked: Promise<Timed>[] = [];
  while (performance.now() - begun < phase * 1000) {
    const due = Math.floor(((performance.now() - begun) / 1000) * perSecond);
    while (asked.length <= due) {
      const since = performance.now();
      asked.push(asking(asked.length).then((answer) => ({ ...answer, took: performance.now() - since })));
    }
    await sleep(1000 / perSecond);
  }
  return Promise.all(asked);
};

const percentile = (all: readonly Timed[], part: number): string => {
  const sorted = all.map(({ took }) => took).toSorted((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(0)} ms`;
};

type Named = { id: string; name: string };
/** How many requests the gateway has counted for a tenant today. */
const countedFor = async ({ id }: Party): Promise<number> => {
  const list = async (path: string) => (JSON.parse(await ask(ready(), "apigateway", path)) as { item: Named[] }).item;
  const plan = (await list("/usageplans?limit=500")).find(({ name }) => name.endsWith("-trial"))!;
  const key = (await list(`/usageplans/${plan.id}/keys?limit=500`)).find(({ name }) => name.endsWith(id))!;
  const day = new Date().toISOString().slice(0, 10);
  const usage = await ask(
    ready(),
    "apigateway",
    `/usageplans/${plan.id}/usage?keyId=${key.id}&startDate=${day}&endDate=${day}`,
  );
  const { values } = JSON.parse(usage) as { values: Record<string, [number, number][]> };
  const [used, left] = values[key.id]?.[0] ?? [0, 0];
  expect(used + left).toBe(perDay);
  return used;
};

test("a tenant that floods the API is told to wait, by any of its credentials; nobody else is", async () => {
  const made = await send(ready(), "POST", "/api/api-keys", {
    token: noisy.token,
    body: { name: "flood", scopes: ["users:read"] },
  });
  expect(made.status, made.text).toBe(201);
  // Authorizer and functions are warm for all: what is timed is the neighbour, not cold starts.
  for (const token of [noisy.token, made.body.key as string, quiet.token]) expect((await get(token)).status).toBe(200);
  const warm = await Promise.all(Array.from({ length: burst / 2 }, () => get(quiet.token)));
  expect(new Set(warm.map(({ status }) => status))).toEqual(new Set([200]));
  /** The neighbour asks ten times a second, alone or beside somebody else. */
  const neighbour = () => paced(10, () => get(quiet.token));
  const noise = (at: number) => get(at % 2 === 0 ? noisy.token : (made.body.key as string));

  const alone = await neighbour();
  const [besideAllowed] = await Promise.all([neighbour(), paced(rate, noise)]);
  const countedBefore = await countedFor(noisy);
  // The bucket is full again.
  await sleep((burst / rate) * 1000);
  const begun = performance.now();
  const [during, staff, answers] = await Promise.all([
    neighbour(),
    paced(1, () => get(admin, `/admin/tenants/${noisy.id}`)),
    paced(flood, noise),
  ]);
  const seconds = (performance.now() - begun) / 1000;

  const admitted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  const times = (all: readonly Timed[]) => `p50 ${percentile(all, 0.5)}, p95 ${percentile(all, 0.95)}`;
  process.stdout.write(
    `${answers.length} requests of the noisy tenant in ${seconds.toFixed(1)} s: ${admitted.length} admitted, ${refused.length} told to wait\n` +
      `its neighbour alone: ${times(alone)}; beside a tenant that sends what its tier has (${rate}/s): ${times(besideAllowed)}; ` +
      `beside one that sends ${flood}/s: ${times(during)}\n`,
  );
  expect(admitted.length + refused.length).toBe(answers.length);
  expect(refused.length).toBeGreaterThan(0);
  expect(admitted.length).toBeLessThanOrEqual(burst + rate * seconds + 1);
  for (const { headers, body } of refused) {
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(headers.get("retry-after")).toBe("1");
    expect(body).toMatchObject({
      type: "/problems/too-many-requests",
      status: 429,
      request_id: headers.get("x-request-id"),
    });
  }
  expect(during.length).toBeGreaterThan(0);
  expect(new Set(during.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(staff.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await countedFor(noisy)) - countedBefore).toBe(admitted.length);

  const after = await poll(
    async () => {
      await sleep(1000);
      return get(noisy.token);
    },
    ({ status }) => status === 200,
  );
  expect(after.status).toBe(200);
});

test("a tenant has one key, in the plan of its tier", async () => {
  const { id, slug, email } = quiet;
  expect(
    (await inventoryOf(ready(), { id, slug, owner: email })).filter((words) => words.startsWith("usage key")),
  ).toEqual([expect.stringMatching(/^usage key [\w-]+-<id> in [\w-]+-trial$/)]);
});

test("a user without an organisation is counted under the key of all such, and let in", async () => {
  const cognito = new CognitoIdentityProviderClient(operator(ready()));
  const user = { email: `nobody-${turn}@example.com`, password: "Correct-Horse-7-Battery" };
  const named = { UserPoolId: ready().user_pool_id, Username: user.email };
  await cognito.send(new AdminCreateUserCommand({ ...named, MessageAction: "SUPPRESS" }));
  await cognito.send(new AdminSetUserPasswordCommand({ ...named, Password: user.password, Permanent: true }));
  expect((await get(await signIn(ready(), user), "/api/sessions")).status).toBe(200);
});
