import { generateKeyPairSync, sign } from "node:crypto";
import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, onboard, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

let token: string;
let tenantId: string;

beforeAll(async () => {
  token = await signIn(ready());
  const { accepted } = await onboard(ready(), token, { name: "Bad Input Ltd", tier: "trial" });
  tenantId = accepted.tenant.id;
});

/** Every refusal is a problem (RFC 9457) that can be found again in the log. */
const expectProblem = (answer: Answer, status: number, code: string) => {
  expect([answer.status, answer.body.type], answer.text).toEqual([
    status,
    expect.stringMatching(new RegExp(`/${code}$`)),
  ]);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("x-request-id")).toBeTruthy();
  expect(answer.body).toMatchObject({
    status,
    title: expect.any(String),
    detail: expect.any(String),
    request_id: expect.any(String),
  });
  expect(answer.text).not.toMatch(/node_modules|\.ts:|\.mjs|at \w+ \(/);
};

const post = (body: unknown, headers: Record<string, string> = {}) =>
  send(ready(), "POST", "/admin/tenants", { token, body, headers });

describe("a body that is refused says which field and why", () => {
  test.for<[name: string, body: unknown, pointer: string]>([
    ["an unknown field", { name: "A", tier: "trial", colour: "red" }, "/colour"],
    [
      "an unknown field inside",
      { name: "A", tier: "trial", config: { region: "us-east-1", features: [], x: 1 } },
      "/config/x",
    ],
    ["no name", { tier: "trial" }, "/name"],
    ["no tier", { name: "A" }, "/tier"],
    ["a tier unknown", { name: "A", tier: "gold" }, "/tier"],
    ["a name of 1,000 characters", { name: "n".repeat(1000), tier: "trial" }, "/name"],
    ["an empty name", { name: "", tier: "trial" }, "/name"],
    ["a name of punctuation", { name: "!!! ---", tier: "trial" }, "/name"],
    ["a name with ../", { name: "../etc/passwd", tier: "trial" }, "/name"],
    ["a name that begins with a hyphen", { name: "-acme", tier: "trial" }, "/name"],
    ["a name with a null byte", { name: "ac\0me", tier: "trial" }, "/name"],
    ["a name that is a number", { name: 7, tier: "trial" }, "/name"],
    [
      "a region not offered",
      { name: "A", tier: "trial", config: { region: "mars-1", features: [] } },
      "/config/region",
    ],
    [
      "a feature unknown",
      { name: "A", tier: "trial", config: { region: "us-east-1", features: ["time-travel"] } },
      "/config/features/0",
    ],
    ["an owner's mail malformed", { name: "A", tier: "trial", owner: { email: "nobody" } }, "/owner/email"],
    ["a list instead of an object", [], ""],
    ["null", null, ""],
  ])("%s", async ([, body, pointer]) => {
    const answer = await post(body);
    expectProblem(answer, 400, "invalid-request");
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test.for<[name: string, body: string]>([
    ["not JSON", "name=Acme"],
    ["cut off", '{"name":"Acme"'],
    ["empty", ""],
  ])("%s", async ([, body]) => expectProblem(await post(body), 400, "invalid-json"));

  test("a body over 64 kB", async () => {
    expectProblem(await post({ name: "A".repeat(65_536), tier: "trial" }), 413, "body-too-large");
  });

  test("a body over what the gateway takes (10 MB)", async () => {
    expectProblem(await post("x".repeat(10 * 1024 * 1024 + 1)), 413, "body-too-large");
  });
});

describe("names that look dangerous are only names", () => {
  test.for<[name: string, slug: RegExp]>([
    [`Robert'); DROP TABLE tenants;--`, /^robert-drop-table-tenants$/],
    [`"Quoted" & <b>Bold</b> Inc`, /^[a-z0-9-]+$/],
    ["株式会社テナント", /^[a-z0-9][a-z0-9-]+$/],
    ["Ünïcödé GmbH", /^unicode-gmbh$/],
  ])("%s", async ([name, slug]) => {
    const { accepted, operation } = await onboard(ready(), token, { name, tier: "trial" });
    expect(accepted.tenant).toMatchObject({ name, slug: expect.stringMatching(slug) });
    expect(operation.error).toBeNull();
    expect(operation.status).toBe("succeeded");
  });
});

test("two tenants of one name: the second is refused, also at the same instant", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => post({ name: "Twice Inc", tier: "trial" })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    202, 409, 409, 409, 409, 409, 409, 409,
  ]);
  expectProblem(await post({ name: "twice  INC", tier: "trial" }), 409, "tenant-exists");
});

describe("what is not there", () => {
  test("an unknown tenant", async () =>
    expectProblem(
      await send(ready(), "GET", "/admin/tenants/ten_01JD0000000000000000000000", { token }),
      404,
      "tenant-not-found",
    ));
  test("an id that is none", async () =>
    expectProblem(await send(ready(), "GET", "/admin/tenants/acme", { token }), 404, "tenant-not-found"));
  test("an unknown operation", async () =>
    expectProblem(
      await send(ready(), "GET", "/admin/operations/op_01JD0000000000000000000000", { token }),
      404,
      "operation-not-found",
    ));
  test.for<[method: string, path: string]>([
    ["GET", "/nothing"],
    ["DELETE", "/admin/tenants"],
    ["PUT", "/health"],
    ["GET", "/admin/tenants/../../etc/passwd"],
    ["GET", "//admin//tenants"],
  ])("an unknown path or method: %s %s", async ([method, path]) =>
    expectProblem(await send(ready(), method, path, { token }), 404, "not-found"),
  );
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The token's claims, signed anew with a key that no pool has published. */
const forge = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) => {
  const [head = "", body = ""] = token.split(".");
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  const unsigned = `${encode({ ...decode(head), ...header })}.${encode({ ...decode(body), ...claims })}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return `${unsigned}.${sign("sha256", Buffer.from(unsigned), privateKey).toString("base64url")}`;
};

describe("a token that is refused", () => {
  const ask = (authorization?: string) =>
    send(ready(), "GET", "/admin/tenants", authorization === undefined ? {} : { headers: { authorization } });

  test("the valid one is accepted", async () => expect((await ask(`Bearer ${token}`)).status).toBe(200));

  test.for<[name: string, authorization: () => string | undefined]>([
    ["missing", () => undefined],
    ["another scheme", () => `Basic ${token}`],
    ["no token", () => "Bearer "],
    ["not a token", () => "Bearer abc"],
    ["truncated", () => `Bearer ${token.slice(0, -10)}`],
    ["an extra segment", () => `Bearer ${token}.x`],
    ["signed by somebody else", () => `Bearer ${forge({})}`],
    [
      "of another pool",
      () => `Bearer ${forge({ iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AAAAAAAAA" })}`,
    ],
    ["alg none", () => `Bearer ${encode({ alg: "none", typ: "JWT" })}.${token.split(".")[1]}.`],
    ["expired and forged", () => `Bearer ${forge({ exp: 1 })}`],
    ["an unknown key", () => `Bearer ${forge({}, { kid: "unknown" })}`],
  ])("%s", async ([, authorization]) => expectProblem(await ask(authorization()), 401, "unauthenticated"));

  test("an id token in place of the access token", async () => {
    const { CognitoIdentityProviderClient, InitiateAuthCommand } =
      await import("@aws-sdk/client-cognito-identity-provider");
    const { operator } = await import("../support/api.ts");
    const { AuthenticationResult } = await new CognitoIdentityProviderClient(operator(ready())).send(
      new InitiateAuthCommand({
        ClientId: ready().client_id,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: ready().admin.email, PASSWORD: ready().admin.password },
      }),
    );
    expect(AuthenticationResult?.IdToken).toBeTruthy();
    expectProblem(await ask(`Bearer ${AuthenticationResult?.IdToken}`), 401, "unauthenticated");
  });
});

describe("a usage window that is refused", () => {
  test.for<[name: string, query: string]>([
    ["backwards", "from=2026-11-20&to=2026-11-19&window=day"],
    ["empty", "from=2026-11-20&to=2026-11-20&window=day"],
    ["over 400 days", "from=2025-01-01&to=2026-11-20&window=day"],
    ["not a date", "from=yesterday&to=2026-11-20&window=day"],
    ["no such day", "from=2026-02-30&to=2026-03-02&window=day"],
    ["no end", "from=2026-11-20&window=day"],
    ["an unknown window", "from=2026-11-19&to=2026-11-20&window=week"],
  ])("%s", async ([, query]) => {
    const answer = await send(ready(), "GET", `/admin/tenants/${tenantId}/usage?metric=api_calls&${query}`, { token });
    expect(answer.status, answer.text).toBe(400);
    expectProblem(answer, 400, "(invalid-usage-window|invalid-request)");
    expect(answer.body.errors.length).toBeGreaterThan(0);
  });
  test("an unknown metric", async () =>
    expectProblem(
      await send(
        ready(),
        "GET",
        `/admin/tenants/${tenantId}/usage?metric=smiles&from=2026-11-19&to=2026-11-20&window=day`,
        { token },
      ),
      400,
      "invalid-request",
    ));
});

test("what is not HTTP does not harm the gateway", async () => {
  const { port } = new URL(ready().api_url);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.end("\u0000\u0001not http\r\n\r\n"));
    socket.on("data", () => {});
    socket.on("close", () => resolve());
    socket.on("error", reject);
  });
  expect((await send(ready(), "GET", "/health")).status).toBe(200);
});
