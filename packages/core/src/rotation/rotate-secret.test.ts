import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rotationSteps } from "./ports.ts";
import { rotateSecret } from "./rotate-secret.ts";

type Login = { user: "a" | "b"; password: number };

/** A secret with its versions and a database with two logins, and a crash after so many changes. */
const world = () => {
  const versions = new Map<string, { labels: Set<string>; value: Login | null }>([
    ["first", { labels: new Set(["AWSCURRENT"]), value: { user: "a", password: 0 } }],
  ]);
  const database = new Map<string, number>([["a", 0]]);
  let [passwords, left] = [0, Infinity];
  const change = (run: () => void): void => {
    if (left <= 0) throw new Error("crash");
    left -= 1;
    run();
  };
  const current = () => [...versions.values()].find(({ labels }) => labels.has("AWSCURRENT"))!.value!;
  const getsIn = ({ user, password }: Login) => database.get(user) === password;
  const rotate = rotateSecret<Login>({
    versions: {
      labels: async () => Object.fromEntries([...versions].map(([id, { labels }]) => [id, [...labels]])),
      value: async (_, id) => versions.get(id)?.value ?? null,
      put: async (_, id, value) => change(() => void (versions.get(id)!.value = value)),
      makeCurrent: async (_, id, instead) =>
        change(() => {
          expect(versions.get(instead)?.labels.delete("AWSCURRENT")).toBe(true);
          for (const { labels } of versions.values()) labels.delete("AWSPREVIOUS");
          versions.get(instead)?.labels.add("AWSPREVIOUS");
          versions.get(id)?.labels.add("AWSCURRENT");
        }),
    },
    logins: {
      next: ({ user }) => ({ user: user === "a" ? "b" : "a", password: (passwords += 1) }),
      sameLogin: (one, other) => one.user === other.user,
      set: async ({ user, password }) => change(() => void database.set(user, password)),
      test: async (login) => {
        if (!getsIn(login)) throw new Error("refused");
      },
    },
  });
  return {
    database,
    versions,
    current,
    getsIn,
    rotate,
    crashAfter: (changes: number) => void (left = changes),
    /** As Secrets Manager does it: a version without a value, then the steps, again from the first after a failure. */
    begin(id: string) {
      for (const { labels } of versions.values()) labels.delete("AWSPENDING");
      versions.set(id, { labels: new Set(["AWSPENDING"]), value: null });
    },
    run: async (id: string) => {
      for (const step of rotationSteps) await rotate({ secretId: "s", versionId: id, step });
    },
  };
};

const crash = fc.record({ changes: fc.nat(3), anew: fc.boolean() });

test("the current login works at each moment of any number of rotations, however they crash, and the next try finishes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(crash, { maxLength: 4 }), { maxLength: 6 }), async (rotations) => {
      const it = world();
      for (const [at, crashes] of rotations.entries()) {
        const before = it.current();
        it.begin(`v${at}`);
        for (const { changes, anew } of crashes) {
          // Finished in spite of the crash, or given up and begun as another version.
          if (it.current() !== before) break;
          if (anew) it.begin(`v${at}`);
          it.crashAfter(changes);
          expect(await it.run(`v${at}`).catch((error: Error) => error.message)).toBeOneOf([undefined, "crash"]);
          expect(it.getsIn(it.current())).toBe(true);
          // Who still has what was current when this began gets in, too.
          expect(it.getsIn(before)).toBe(true);
        }
        it.crashAfter(Infinity);
        await it.run(`v${at}`);
        await it.run(`v${at}`);
        expect(it.current().user).not.toBe(before.user);
        expect(it.getsIn(it.current()) && it.getsIn(before)).toBe(true);
      }
    }),
  );
});

test("a password is refused after the second rotation, as its login has another by then", async () => {
  const it = world();
  const first = it.current();
  it.begin("v1");
  await it.run("v1");
  expect(it.getsIn(first)).toBe(true);
  it.begin("v2");
  await it.run("v2");
  expect([it.getsIn(first), it.current().user]).toEqual([false, "a"]);
});

test.for(rotationSteps)(
  "%s is refused for a version that is not pending, and does nothing for the current one",
  async (step) => {
    const it = world();
    await expect(it.rotate({ secretId: "s", versionId: "unknown", step })).rejects.toThrow("not pending");
    await it.rotate({ secretId: "s", versionId: "first", step });
    expect(it.current()).toEqual({ user: "a", password: 0 });
  },
);

test("what is pending for the current login itself is not set", async () => {
  const it = world();
  it.begin("v1");
  it.versions.get("v1")!.value = { user: "a", password: 99 };
  await expect(it.rotate({ secretId: "s", versionId: "v1", step: "setSecret" })).rejects.toThrow("current login");
  expect(it.database.get("a")).toBe(0);
});
