/** An event on its way to the stream. `index` is its place in the request. */
export type Outgoing = { readonly index: number; readonly tenantId: string; readonly text: string };

/** One record of the stream: events of one tenant, as JSON lines. */
export type Packed = { readonly partitionKey: string; readonly text: string; readonly indexes: readonly number[] };

/** Far below the 1 MiB of a record in Kinesis, also where a character takes four bytes. */
const longest = 200_000;

/** Puts the events of each tenant together, in their order. */
export const pack = (events: readonly Outgoing[]): Packed[] =>
  [...Map.groupBy(events, ({ tenantId }) => tenantId)].flatMap(([partitionKey, ofTenant]) => {
    const packs: { partitionKey: string; text: string; indexes: number[] }[] = [];
    for (const { text, index } of ofTenant) {
      const last = packs.at(-1);
      if (last === undefined || last.text.length + text.length >= longest)
        packs.push({ partitionKey, text, indexes: [index] });
      else {
        last.text += `\n${text}`;
        last.indexes.push(index);
      }
    }
    return packs;
  });
