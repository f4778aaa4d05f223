/**
 * Watches the frames that a client sends, as the server beneath knows limits of whole messages only. Feed it the raw
 * bytes of the connection; it calls `onTooLarge` once, for the first data frame above `limit` bytes.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export const frameWatch = (limit: number, onTooLarge: () => void): ((chunk: Buffer) => void) => {
  let head = Buffer.alloc(0);
  let skip = 0;
  let done = false;
  return (chunk) => {
    let rest = chunk;
    while (!done && rest.length > 0) {
      if (skip > 0) {
        const passed = Math.min(skip, rest.length);
        skip -= passed;
        rest = rest.subarray(passed);
        continue;
      }
      const known = head.length;
      const seen = Buffer.concat([head, rest.subarray(0, 14)]);
      const size = seen.length < 2 ? undefined : sizes(seen);
      if (size === undefined) {
        head = seen;
        return;
      }
      rest = rest.subarray(size.header - known);
      head = Buffer.alloc(0);
      skip = size.payload;
      if (size.payload > limit) {
        done = true;
        onTooLarge();
      }
    }
  };
};

/** Bytes of a frame's header, mask included, and of its payload; undefined while the header is incomplete. */
const sizes = (bytes: Buffer): { header: number; payload: number } | undefined => {
  const second = bytes[1] ?? 0;
  const mask = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  const header = 2 + extended + mask;
  if (bytes.length < header) return undefined;
  if (extended === 0) return { header, payload: short };
  return { header, payload: extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)) };
};
