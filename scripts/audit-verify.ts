/** Checks audit chains offline: exported entries, and checkpoints with the public key if they are given. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { verifyChain } from "@tenantry/aws/audit-verify";
import { AuditRecord, SignedCheckpoint } from "@tenantry/core/audit/audit";

const help = `npm run audit:verify -- --entries FILE [--checkpoints FOLDER --key FILE]

  --entries FILE         entries as JSON lines, as GET /admin/audit gives them; any order, any number of tenants
  --checkpoints FOLDER   a copy of the checkpoints' bucket
  --key FILE             the public key of the checkpoints, PEM

Each chain is checked from its first entry. Ends with 1 and names the first broken link where one does not hold.
`;

const { values } = parseArgs({
  options: {
    entries: { type: "string" },
    checkpoints: { type: "string" },
    key: { type: "string" },
    help: { type: "boolean" },
  },
});

const fail = (line: string): never => {
  process.stderr.write(`${line}\n`);
  process.exit(1);
};

if (values.help === true) {
  process.stdout.write(help);
  process.exit(0);
}
if (values.entries === undefined) fail(help);
if ((values.checkpoints === undefined) !== (values.key === undefined)) fail("--checkpoints and --key go together.");

const lines = readFileSync(values.entries ?? "", "utf8").split("\n");
const records = lines.flatMap((line, at) => {
  if (line.trim() === "") return [];
  try {
    return [AuditRecord.parse(JSON.parse(line))];
  } catch {
    return fail(`Line ${at + 1} of ${values.entries} is no audit entry.`);
  }
});
if (records.length === 0) fail(`${values.entries} has no entries.`);

const checkpoints =
  values.checkpoints === undefined
    ? []
    : globSync("**/*.json", { cwd: values.checkpoints }).map((file) =>
        SignedCheckpoint.parse(JSON.parse(readFileSync(join(values.checkpoints ?? "", file), "utf8"))),
      );
const publicKey = values.key === undefined ? undefined : readFileSync(values.key, "utf8");

let broken = 0;
for (const [tenant, own] of Map.groupBy(records, (record) => record.tenant_id)) {
  const stated = checkpoints.filter(({ checkpoint }) => checkpoint.tenant_id === tenant);
  const verdict = verifyChain(own, stated, publicKey);
  const loose = own.filter(({ chain }) => chain === null).length;
  const counts = `${verdict.links} links, ${verdict.checkpoints} checkpoints${loose > 0 ? `, ${loose} not linked yet` : ""}`;
  process.stdout.write(`${tenant}: ${verdict.broken === null ? `whole (${counts})` : `BROKEN: ${verdict.broken}`}\n`);
  if (verdict.broken !== null) broken++;
}
process.exitCode = broken === 0 ? 0 : 1;
