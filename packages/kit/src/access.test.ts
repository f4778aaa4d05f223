import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import middy from "@middy/core";
import express from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";
import { access, type AccessOptions } from "./access.ts";
import { callerOf, tenantAccess as expressAccess } from "./express.ts";
import { tenantAccess as honoAccess } from "./hono.ts";
import { tenantAccess as middyAccess } from "./middy.ts";
import { type Caller, KeysUnavailable, TokenRefused } from "./verify-token.ts";

// One set of questions to the three frameworks, each running as it runs in a service.

const caller: Caller = {
  tenantId: "ten_01JD0000000000000000000000",
  userId: "user",
  email: "a@example.com",
  roles: [],
  permissions: new Set(["usage:read"]),
  expiresAt: new Date(0),
};

const reasons: string[] = [];
const options: AccessOptions = {
  verify: async (token) => {
    if (token === "lost.lost.lost") throw new KeysUnavailable("The keys cannot be had.");
    if (token !== "a.good.token") throw new TokenRefused("It is not the good one.");
    return caller;
  },
  onRefused: (reason) => reasons.push(reason),
};

type Result = { readonly status: number; readonly headers: Headers; readonly body: unknown };
type Ask = (authorization?: string) => Promise<Result>;

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
  reasons.length = 0;
});

const asking =
  (server: Server): Ask =>
  async (authorization) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

const listening = async (start: (done: () => void) => Server): Promise<Ask> => {
  const started = Promise.withResolvers<void>();
  const server = start(started.resolve);
  open.push(server);
  await started.promise;
  return asking(server);
};

const frameworks: Record<string, (more?: Partial<AccessOptions>) => Promise<Ask>> = {
  Express: (more) => {
    const app = express();
    app.use(expressAccess({ ...options, ...more }));
    app.get("/", (_, response) => void response.json({ tenant: callerOf(response).tenantId }));
    return listening((done) => app.listen(0, "127.0.0.1", done));
  },
  Hono: (more) => {
    const app = new Hono()
      .use(honoAccess({ ...options, ...more }))
      .get("/", (context) => context.json({ tenant: context.get("caller").tenantId }));
    return listening((done) => serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, done) as Server);
  },
  middy: async (more) => {
    const handler = middy(async (event: { headers: Record<string, string>; caller?: Caller }) => ({
      statusCode: 200,
      body: JSON.stringify({ tenant: event.caller?.tenantId }),
    })).use(middyAccess({ ...options, ...more }));
    return async (authorization) => {
      const event = { headers: authorization === undefined ? {} : { Authorization: authorization } };
      const result = (await handler(event, {} as Parameters<typeof handler>[1])) as {
        statusCode: number;
        headers?: Record<string, string>;
        body: string;
      };
      return { status: result.statusCode, headers: new Headers(result.headers), body: JSON.parse(result.body) };
    };
  },
};

describe.each(Object.entries(frameworks))("%s", (_, start) => {
  test.each(["Bearer a.good.token", "bearer a.good.token", "BEARER  a.good.token"])("%s passes", async (header) => {
    const ask = await start();
    expect(await ask(header)).toMatchObject({ status: 200, body: { tenant: caller.tenantId } });
    expect(reasons).toEqual([]);
  });

  test.each([undefined, "Bearer", "Bearer a.bad.token", "Basic a.good.token", "a.good.token", "Bearer a.good.token x"])(
    "%s is refused without the reason",
    async (header) => {
      const ask = await start();
      const { status, headers, body } = await ask(header);
      expect(status).toBe(401);
      expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(headers.get("www-authenticate")).toBe("Bearer");
      expect(body).toEqual({
        type: "about:blank",
        title: "Unauthenticated",
        status: 401,
        detail: "The request has no valid access token.",
      });
      expect(reasons).toHaveLength(1);
    },
  );

  test("a permission that is missing is named", async () => {
    const ask = await start({ permission: "tenants:create" });
    expect(await ask("Bearer a.good.token")).toMatchObject({
      status: 403,
      body: { detail: "This needs the permission tenants:create." },
    });
    expect(await (await start({ permission: "usage:read" }))("Bearer a.good.token")).toMatchObject({ status: 200 });
  });

  test("keys that cannot be had are no refusal", async () => {
    const ask = await start();
    expect(await ask("Bearer lost.lost.lost")).toMatchObject({ status: 503 });
  });
});

describe("the judgement of a header", () => {
  const quiet: AccessOptions = { verify: options.verify };

  test.each([
    [undefined, 401, "Unauthenticated", "The request has no valid access token."],
    ["x Bearer a.good.token", 401, "Unauthenticated", "The request has no valid access token."],
    ["Bearer a.bad.token", 401, "Unauthenticated", "The request has no valid access token."],
    ["Bearer lost.lost.lost", 503, "Unavailable", "Tokens cannot be verified at the moment."],
  ])("%s is %i, whether anybody hears why or not", async (header, status, title, detail) => {
    const problem = { type: "about:blank", title, status, detail };
    expect(await access(header, quiet)).toEqual({ problem });
    expect(await access(header, options)).toEqual({ problem });
    expect(reasons).toHaveLength(1);
  });

  test("asks the verifier for nothing that is no token", async () => {
    const never: AccessOptions = { verify: () => Promise.reject(new Error("It was asked.")) };
    for (const header of [undefined, "", "Bearer", "x Bearer a.b.c", "Bearer a.b", "Bearer a.b.c d"])
      expect(await access(header, never)).toMatchObject({ problem: { status: 401 } });
  });

  test("says who lacks what, to whom it may concern", async () => {
    const wanting = { permission: "tenants:create" };
    const problem = {
      type: "about:blank",
      title: "Forbidden",
      status: 403,
      detail: "This needs the permission tenants:create.",
    };
    expect(await access("Bearer a.good.token", { ...quiet, ...wanting })).toEqual({ problem });
    expect(await access("Bearer a.good.token", { ...options, ...wanting })).toEqual({ problem });
    expect(reasons).toEqual(["user lacks tenants:create."]);
  });

  test("does not hide an error that is neither", async () => {
    const broken: AccessOptions = { verify: () => Promise.reject(new Error("It is broken.")) };
    await expect(access("Bearer a.b.c", broken)).rejects.toThrow("It is broken.");
  });
});
