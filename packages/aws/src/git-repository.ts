import fs from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import * as git from "isomorphic-git";
import http from "isomorphic-git/http/node";

export type GitRemote = {
  /** Of https, or of http within a private network. */
  readonly url: string;
  readonly branch: string;
  readonly credentials: () => Promise<{ readonly username: string; readonly password: string }>;
};

/** Text by path; null takes the file away. */
export type Changes = Readonly<Record<string, string | null>>;

export type GitRepository = {
  /**
   * Commits what `decide` answers and pushes it; `decide` reads the branch as it is and is asked again when somebody
   * else pushed in between. A change that changes nothing is no commit. Returns the commit in which it all stands.
   *
   * @throws ProvisioningError `RepositoryRefused`; TransientError when others are always faster.
   */
  change(
    message: string,
    decide: (read: (path: string) => Promise<string | null>) => Promise<Changes>,
  ): Promise<string>;
};

const author = { name: "tenantry", email: "tenantry@users.noreply.invalid" };
const tries = 6;

/** A branch of a repository over HTTP, by a library: there is no git in a Lambda function. */
export const gitRepository = (remote: GitRemote): GitRepository => ({
  async change(message, decide) {
    const dir = await mkdtemp(join(tmpdir(), "gitops-"));
    try {
      const repo = await clone(remote, dir);
      for (let attempt = 1; ; attempt += 1) {
        const parent = await repo.fetch();
        const base = (await git.readCommit({ fs, dir, oid: parent })).commit.tree;
        const tree = await treeWith(dir, base, await decide((path) => readText(dir, parent, path)));
        if (tree === base) return parent;
        const commit = await git.commit({ fs, dir, message, author, tree, parent: [parent], ref: repo.ref });
        if (await repo.push()) return commit;
        if (attempt === tries) throw new TransientError("Others pushed to the repository each time before this could.");
        await sleep(Math.random() * 150 * 2 ** attempt);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
});

/** A clone without a working tree: trees are written as objects, however many tenants there are. */
const clone = async ({ url, branch, credentials }: GitRemote, dir: string) => {
  const { username, password } = await credentials();
  const ref = `refs/heads/${branch}`;
  const wire = {
    fs,
    http,
    dir,
    url,
    onAuth: () => ({ username, password }),
    // Without it the library would ask again and again.
    onAuthFailure: () => ({ cancel: true }),
  };
  await git.init({ fs, dir, defaultBranch: branch });
  await git.addRemote({ fs, dir, remote: "origin", url });
  return {
    ref,
    async fetch(): Promise<string> {
      const { fetchHead } = await git
        .fetch({ ...wire, remote: "origin", ref: branch, singleBranch: true, depth: 1, tags: false })
        .catch(judged);
      if (fetchHead === null) throw refused(`The repository has no branch ${branch}.`);
      await git.writeRef({ fs, dir, ref, value: fetchHead, force: true });
      return fetchHead;
    },
    /** False when somebody else was faster. */
    async push(): Promise<boolean> {
      try {
        await git.push({ ...wire, ref, remoteRef: ref });
        return true;
      } catch (error) {
        if (overtaken(error)) return false;
        return judged(error);
      }
    },
  };
};

const refused = (message: string, cause?: unknown) => new ProvisioningError("RepositoryRefused", message, { cause });

const overtaken = (error: unknown): boolean =>
  error instanceof git.Errors.PushRejectedError ||
  (error instanceof git.Errors.GitPushError &&
    /fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value|remote ref updated/i.test(
      error.message,
    ));

/** Tells what a later try may mend from what it cannot. */
const judged = (error: unknown): never => {
  if (error instanceof git.Errors.HttpError) {
    const { statusCode } = error.data;
    if (statusCode === 429 || statusCode >= 500)
      throw new TransientError(`The repository answered ${statusCode}.`, { cause: error });
    throw refused(`The repository answered ${statusCode}.`, error);
  }
  if (error instanceof git.Errors.UserCanceledError)
    throw refused("The repository does not take the credentials.", error);
  if (error instanceof git.Errors.NotFoundError) throw refused("The repository lacks the branch.", error);
  if (error instanceof git.Errors.GitPushError)
    throw refused(`The repository refused the push. ${error.message}`, error);
  throw error;
};

const readText = async (dir: string, oid: string, filepath: string): Promise<string | null> => {
  try {
    const { blob } = await git.readBlob({ fs, dir, oid, filepath });
    return new TextDecoder().decode(blob);
  } catch (error) {
    if (error instanceof git.Errors.NotFoundError) return null;
    throw error;
  }
};

/** The tree with these files changed. A folder that becomes empty goes. */
const treeWith = async (dir: string, tree: string, changes: Changes): Promise<string> => {
  let changed = tree;
  for (const [path, text] of Object.entries(changes))
    changed = (await put(dir, changed, path.split("/"), text)) ?? (await git.writeTree({ fs, dir, tree: [] }));
  return changed;
};

/** Null for a tree with nothing left in it. */
const put = async (dir: string, tree: string | null, path: string[], text: string | null): Promise<string | null> => {
  const [name, ...rest] = path as [string, ...string[]];
  const entries = tree === null ? [] : (await git.readTree({ fs, dir, oid: tree })).tree;
  const before = entries.find((entry) => entry.path === name);
  const made = await entry(dir, before, name, rest, text);
  const after = [...entries.filter((one) => one.path !== name), ...(made === null ? [] : [made])];
  return after.length === 0 ? null : git.writeTree({ fs, dir, tree: after });
};

const entry = async (
  dir: string,
  before: git.TreeEntry | undefined,
  name: string,
  rest: string[],
  text: string | null,
): Promise<git.TreeEntry | null> => {
  if (rest.length === 0) {
    if (text === null) return null;
    const oid = await git.writeBlob({ fs, dir, blob: new TextEncoder().encode(text) });
    return { mode: "100644", path: name, oid, type: "blob" };
  }
  const oid = await put(dir, before?.type === "tree" ? before.oid : null, rest, text);
  return oid === null ? null : { mode: "040000", path: name, oid, type: "tree" };
};
