import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { root, startOptions, tokenOptions, UsageError } from "./options.ts";

test("npm start has defaults for everything", () => {
  expect(startOptions([])).toEqual({
    port: 4000,
    data: join(root, ".local"),
    isDefaultData: true,
    fresh: false,
    watch: false,
    help: false,
  });
});

test("npm start takes its options", () => {
  expect(startOptions(["--port", "0", "--data", "elsewhere", "--fresh", "--watch"])).toMatchObject({
    port: 0,
    data: resolve("elsewhere"),
    isDefaultData: false,
    fresh: true,
    watch: true,
  });
});

test.for([
  [["--prot", "1"], /--prot/],
  [["--port"], /--port/],
  [["--port", "http"], /0 to 65534, not "http"/],
  [["--port", "65535"], /65535/],
  [["--port", "-1"], /port/],
  [["now"], /now/],
  [["--fresh=yes"], /fresh/],
] as const)("a mistake is one line that names it: %s", ([args, message]) => {
  expect(() => startOptions(args)).toThrow(UsageError);
  expect(() => startOptions(args)).toThrow(message);
  expect(() => startOptions(args)).not.toThrow(/\n/);
});

test("another user needs both e-mail and password", () => {
  expect(tokenOptions(["--email", "a@b.c", "--password", "x"]).user).toEqual({ email: "a@b.c", password: "x" });
  expect(tokenOptions([]).user).toBeUndefined();
  expect(() => tokenOptions(["--email", "a@b.c"])).toThrow("go together");
});
