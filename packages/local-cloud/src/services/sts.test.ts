import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { presign } from "../gateway/presign.testing.ts";
import { createGateway, type Gateway } from "../gateway/server.ts";
import { sendSigned, type SignedCall } from "../gateway/signed.testing.ts";
import { graphOf, roleOf } from "../gateway/testing.ts";
import { verifyPresigned } from "./sts.ts";

const account = "123456789012";

describe("STS", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await createGateway({ port: 0 });
    gateway.setServices([]);
    gateway.setGraph(
      graphOf(
        roleOf("starter", []),
        roleOf("switcher", [{ Effect: "Allow", Action: ["sts:AssumeRole", "sts:TagSession"], Resource: "*" }]),
        roleOf("powerless", [], {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: "sts:AssumeRole",
        }),
        roleOf("anyone", [{ Effect: "Allow", Action: "*", Resource: "*" }], {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: ["sts:AssumeRole", "sts:TagSession"],
        }),
      ),
    );
  });
  afterAll(() => gateway.close());

  const sts = (body: string, credentials?: SignedCall["credentials"]) =>
    sendSigned(gateway.endpoint, {
      service: "sts",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `Version=2011-06-15&${body}`,
      ...(credentials === undefined ? {} : { credentials }),
    });
  const field = (text: string, name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? "";
  const assume = (role: string, more = "", credentials?: SignedCall["credentials"]) =>
    sts(`Action=AssumeRole&RoleArn=arn:aws:iam::${account}:role/${role}&RoleSessionName=me${more}`, credentials);

  test("says who is calling", async () => {
    expect(field((await sts("Action=GetCallerIdentity")).text, "Arn")).toBe(`arn:aws:iam::${account}:root`);
    const role = await sts("Action=GetCallerIdentity", gateway.credentials("starter", "worker"));
    expect(field(role.text, "Arn")).toBe(`arn:aws:sts::${account}:assumed-role/starter/worker`);
  });

  test("gives out a role's session to whom the trust policy names, with tags that policies see", async () => {
    const { status, text } = await assume(
      "anyone",
      "&Tags.member.1.Key=tenant&Tags.member.1.Value=acme&DurationSeconds=900",
    );
    expect(status).toBe(200);
    const credentials = {
      accessKeyId: field(text, "AccessKeyId"),
      secretAccessKey: field(text, "SecretAccessKey"),
      sessionToken: field(text, "SessionToken"),
    };
    expect(Date.parse(field(text, "Expiration")) - Date.now()).toBeLessThanOrEqual(900_000);
    expect(field((await sts("Action=GetCallerIdentity", credentials)).text, "Arn")).toContain(
      ":assumed-role/anyone/me",
    );
    expect(gateway.sessions.find(credentials.accessKeyId)?.caller.sessionTags).toEqual({ tenant: "acme" });
  });

  test("a session policy that ends at a time allows until then and nothing after", async () => {
    const until = async (at: number, role: string) => {
      const Condition = { DateLessThan: { "aws:CurrentTime": `${new Date(at).toISOString().slice(0, 19)}Z` } };
      const Statement = [{ Effect: "Allow", Action: "*", Resource: "*", Condition }];
      const policy = encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement }));
      const { text } = await assume(role, `&Policy=${policy}`);
      const credentials = {
        accessKeyId: field(text, "AccessKeyId"),
        secretAccessKey: field(text, "SecretAccessKey"),
        sessionToken: field(text, "SessionToken"),
      };
      return (await assume("anyone", "", credentials)).status;
    };
    expect(await until(Date.now() + 60_000, "anyone")).toBe(200);
    expect(await until(Date.now() - 1000, "anyone")).toBe(403);
    // It gives nothing that the role has not.
    expect(await until(Date.now() + 60_000, "powerless")).toBe(403);
  });

  test("notes that a role has used what let it assume another", async () => {
    const tagged = "&Tags.member.1.Key=tenant&Tags.member.1.Value=acme";
    expect((await assume("anyone", tagged, gateway.credentials("switcher", "s"))).status).toBe(200);
    const { text } = await sendSigned(gateway.endpoint, {
      service: "permissions",
      path: "/_permissions",
      method: "GET",
    });
    expect(JSON.parse(text).used.switcher).toEqual(["sts:AssumeRole", "sts:TagSession"]);
  });

  test("refuses a role that trusts a service only, a role that is not there, and too long a session", async () => {
    for (const role of ["starter", "nobody"]) {
      const { status, text } = await assume(role);
      expect([status, field(text, "Code")]).toEqual([403, "AccessDenied"]);
    }
    expect(field((await assume("anyone", "&DurationSeconds=7200")).text, "Code")).toBe("ValidationError");
    expect(field((await assume("anyone", "", gateway.credentials("starter", "s"))).text, "Code")).toBe("AccessDenied");
  });

  test("a presigned GetCallerIdentity proves who made it, with the header that it was made for", async () => {
    const headers = { "x-k8s-aws-id": "cluster" };
    const make = (seconds: number, at = new Date()) =>
      presign("https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", {
        service: "sts",
        seconds,
        at,
        headers,
        credentials: gateway.credentials("starter", "worker"),
      });
    const identity = await verifyPresigned(gateway.endpoint, await make(60), headers);
    expect(identity).toMatchObject({ account, arn: `arn:aws:sts::${account}:assumed-role/starter/worker` });
    expect(await verifyPresigned(gateway.endpoint, await make(60), { "x-k8s-aws-id": "other" })).toBeNull();
    expect(await verifyPresigned(gateway.endpoint, await make(60, new Date(Date.now() - 61_000)), headers)).toBeNull();
    const assumed = (await make(60)).replace("GetCallerIdentity", "AssumeRole");
    expect(await verifyPresigned(gateway.endpoint, assumed, headers)).toBeNull();
    expect(await verifyPresigned(gateway.endpoint, "not a url", headers)).toBeNull();
  });
});
