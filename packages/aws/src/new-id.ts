import { prefixes } from "@tenantry/core/ids";
import type { NewId } from "@tenantry/core/ports";
import { monotonicFactory } from "ulid";

const ulid = monotonicFactory();

/** Ids of one process sort in the order in which they were made, even within a millisecond. */
export const newId: NewId = (kind) => `${prefixes[kind]}_${ulid()}`;
