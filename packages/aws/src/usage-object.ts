import { hourMs } from "@tenantry/core/usage/accept";
import type { IncomingRecord } from "@tenantry/core/usage/ports";

/** `shardId-000000000001:4959…` */
const split = (position: string): { readonly shard: string; readonly sequence: string } => {
  const at = position.lastIndexOf(":");
  return { shard: position.slice(0, at), sequence: position.slice(at + 1) };
};

/** `archive/2026/11/20/13`. @param hour since 1970, UTC */
export const hourFolder = (folder: string, hour: number): string => {
  const [date = "", time = ""] = new Date(hour * hourMs).toISOString().split("T");
  return `${folder}/${date.replaceAll("-", "/")}/${time.slice(0, 2)}`;
};

/**
 * The key of an object about the records from `first` to `last`, filed under the hour in which the first arrived. The
 * same records always get the same key, so a batch that comes again writes its object again and not a second one.
 */
export const objectKey = (folder: string, first: IncomingRecord, last: IncomingRecord, extension: string): string => {
  const { shard, sequence } = split(first.position);
  return `${hourFolder(folder, Math.floor(first.arrivedAt / hourMs))}/${shard}-${sequence}-${split(last.position).sequence}.${extension}`;
};
