import { describe, expect, test } from "vitest";
import { dataSource, policyDocument } from "./data-sources.ts";
import { testFacts } from "./fixture.ts";
import { keepNames } from "./names.ts";
import { declaredProviders } from "./platform.ts";

describe("a policy document", () => {
  test("is rendered as the provider renders it: one value bare, several in reverse order", () => {
    const json = policyDocument({
      statements: [
        {
          sid: "Read",
          actions: ["s3:GetObject", "s3:ListBucket"],
          resources: ["arn:aws:s3:::b"],
          principals: [{ type: "Service", identifiers: ["lambda.amazonaws.com"] }],
          conditions: [
            { test: "StringEquals", variable: "aws:a", values: ["1"] },
            { test: "StringEquals", variable: "aws:b", values: ["1", "2"] },
          ],
        },
      ],
    });
    expect(JSON.parse(json)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Read",
          Effect: "Allow",
          Action: ["s3:ListBucket", "s3:GetObject"],
          Resource: "arn:aws:s3:::b",
          Principal: { Service: "lambda.amazonaws.com" },
          Condition: { StringEquals: { "aws:a": "1", "aws:b": ["2", "1"] } },
        },
      ],
    });
  });

  test("everybody is a star", () => {
    const json = policyDocument({ statements: [{ principals: [{ type: "*", identifiers: ["*"] }] }] });
    expect(JSON.parse(json).Statement[0].Principal).toBe("*");
  });

  test("refuses another effect than AWS knows", () => {
    expect(() => policyDocument({ statements: [{ effect: "allow" }] })).toThrow("must be Allow or Deny");
  });
});

test("an unknown data source is an error that names it", () => {
  expect(() => dataSource("aws:ec2/getVpc:getVpc", { id: "vpc-1" }, testFacts)).toThrow(
    /aws:ec2\/getVpc:getVpc.*vpc-1/,
  );
});

describe("physical names", () => {
  const seed = "ab".repeat(32);

  test("keep their suffix between runs, each resource its own", () => {
    const kept = (name: string, urn: string) => keepNames({ name }, ["name"], urn, seed).name;
    expect(kept("app-dev-Table-abcdefhk", "urn:1")).toBe(kept("app-dev-Table-zzzzzzzz", "urn:1"));
    expect(kept("app-dev-Table-abcdefhk", "urn:1")).not.toBe(kept("app-dev-Table-abcdefhk", "urn:2"));
    expect(kept("app-dev-Queue-abcdefhk.fifo", "urn:1")).toMatch(/^app-dev-Queue-[a-z]{8}\.fifo$/);
  });

  test("that the app chose itself are left as they are", () => {
    expect(keepNames({ name: "tenants-abcdefhk" }, [], "urn:1", seed)).toEqual({ name: "tenants-abcdefhk" });
    expect(keepNames({ name: "tenants" }, ["name"], "urn:1", seed)).toEqual({ name: "tenants" });
  });
});

test.for([
  [`providers: { aws: "7.20.0" }`, [["aws", "7.20.0"]]],
  [
    `providers: { aws: { version: "7.20.0", region: "us-east-1" }, random: true, }`,
    [
      ["aws", "7.20.0"],
      ["random", undefined],
    ],
  ],
  [
    `providers: {\n aws: { region: x ?? "eu-west-1", version: '7.1.0' },\n "tls": "5.0.1" }`,
    [
      ["aws", "7.1.0"],
      ["tls", "5.0.1"],
    ],
  ],
  [`home: "aws"`, []],
] as const)("reads the providers of a config: %s", ([config, providers]) => {
  expect([...declaredProviders(config)].toSorted(([a], [b]) => a.localeCompare(b))).toEqual(providers);
});
