import type { QuarantineEntry } from "@tenantry/core/usage/quarantine-entry";

/**
 * The Quarantine table: an entry is an item under its id, and its two indexes list entries by id, which begins with the
 * arrival: `gsi1` all, `gsi2` those of a tenant. Both are spread over a few partitions, as a producer that has run wild
 * may fill them as fast as the stream can carry; a list reads these side by side.
 */
export const spread = 4;

const allOf = (part: number) => `ALL#${part}`;
const tenantOf = (tenantId: string, part: number) => `TENANT#${tenantId}#${part}`;

/** The attributes that put an entry into the indexes. */
export const listed = ({ id, tenant_id }: QuarantineEntry) => {
  const part = id.charCodeAt(id.length - 1) % spread;
  return {
    gsi1pk: allOf(part),
    gsi1sk: id,
    ...(tenant_id === null ? {} : { gsi2pk: tenantOf(tenant_id, part), gsi2sk: id }),
  };
};

/** The partitions that together list a tenant's entries, or all. */
export const partitionsOf = (tenantId: string | undefined) =>
  Array.from({ length: spread }, (_, part) =>
    tenantId === undefined
      ? ({ index: "gsi1", value: allOf(part) } as const)
      : ({ index: "gsi2", value: tenantOf(tenantId, part) } as const),
  );
