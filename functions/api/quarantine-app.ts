import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { s3UsageArchive } from "@tenantry/aws/usage-archive";
import { usageCounting } from "@tenantry/aws/usage-counting";
import { quarantineList } from "@tenantry/aws/usage-quarantine-list";
import { getQuarantined } from "@tenantry/core/usage/get-quarantined";
import { listQuarantine } from "@tenantry/core/usage/list-quarantine";
import { meterAgain } from "@tenantry/core/usage/meter-again";
import { redriveQuarantined } from "@tenantry/core/usage/redrive-quarantined";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";
import { unpackStored } from "@tenantry/lambda/stored-record";

const database = documents();
const clock = () => new Date();
const tables = { quarantine: setting("QUARANTINE_TABLE"), control: setting("CONTROL_TABLE") };

/** Only a redrive has the settings for what counts. */
const ports = {
  quarantine: quarantineList(database, tables, setting("USAGE_BUCKET")),
  unpack: unpackStored,
  get meter() {
    return meterAgain({
      ...usageCounting(setting("USAGE_TABLE"), clock),
      standing: tenantCheck(dynamoRegistry(database, tables.control), clock),
      archive: s3UsageArchive(setting("USAGE_BUCKET")),
      clock,
    });
  },
  clock,
  newId,
};

const shown = 64 * 1024;

/** What a record holds, as far as an answer has room for it. */
const contentOf = (data: string) => {
  const bytes = Buffer.from(data, "base64");
  const truncated = bytes.byteLength > shown;
  // A cut may fall into a character: such a text still is one.
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    return { text: text.decode(bytes.subarray(0, shown), { stream: truncated }), base64: null, truncated };
  } catch {
    return { text: null, base64: bytes.subarray(0, shown).toString("base64"), truncated };
  }
};

const get = getQuarantined(ports);

/** The composition root of the quarantine's part of the API. */
export const quarantine = {
  list: listQuarantine(ports),
  get: async (...request: Parameters<typeof get>) => {
    const { entry, record } = await get(...request);
    return { ...entry, content: contentOf(record.data) };
  },
  redrive: (...request: Parameters<ReturnType<typeof redriveQuarantined>>) => redriveQuarantined(ports)(...request),
};
