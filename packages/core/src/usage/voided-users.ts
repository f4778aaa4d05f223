import { addArrivals } from "./arrivals.ts";
import { type Fingerprint, fingerprint } from "./fingerprint.ts";
import type { Totals } from "./fold.ts";
import { idSetOf, IdSet, withoutIds } from "./id-set.ts";
import type { ChunkKey, Counted, Head } from "./pages.ts";

/** The fingerprint of the event itself: in a chunk of users, that of the event stands for its user. */
export const ownFingerprint = ({ own, hi, lo }: Counted): Fingerprint =>
  own === undefined ? { hi, lo } : fingerprint(own.text, own.meter, own.line);

/** The head with so many users more, or fewer, of its series. */
const counting = ({ totals }: Head, series: string, change: number): Totals => {
  const { [series]: before, ...others } = totals;
  const count = (before?.count ?? 0) + change;
  return count === 0 ? others : { ...others, [series]: { kind: "unique", count } };
};

/** Users who were voided and have an event that was not: they count again. The head's version stays. */
export const revive = (head: Head, series: string, users: readonly Fingerprint[]): Head => {
  const voids = withoutIds(head.voids, pageOf(users));
  const revived = (head.voids.byteLength - voids.byteLength) / 8;
  return revived === 0 ? head : { ...head, voids, totals: counting(head, series, revived) };
};

/** Takes an event out, and with it its user, until another event of his is found. The head's version stays. */
export const voidUser = (head: Head, series: string, user: Fingerprint, event: Fingerprint): Head => {
  const isVoid = idSetOf(head.voids).has(user);
  return {
    ...head,
    voidedEvents: append(head.voidedEvents, event),
    ...(isVoid ? {} : { voids: append(head.voids, user), totals: counting(head, series, -1) }),
  };
};

/**
 * What events mean for a chunk of users beyond the new ones among them: who was voided counts again by an event that
 * was not, and the hours of their arrival are noted, though the user is known, for that is where a void looks for others.
 *
 * @returns the very same head where nothing changes, as for all other chunks
 */
export const withVoided = (
  { series }: ChunkKey,
  head: Head,
  events: readonly Counted[],
): { readonly head: Head; readonly revived: number } => {
  if (series === undefined || head.version === 0) return { head, revived: 0 };
  const arrivals = addArrivals(head.arrivals, events);
  const noted = arrivals === head.arrivals ? head : { ...head, arrivals };
  if (head.voids.byteLength === 0) return { head: noted, revived: 0 };
  const [users, voided] = [idSetOf(head.voids), idSetOf(head.voidedEvents ?? new Uint8Array(0))];
  const back = events.filter((event) => users.has(event) && !voided.has(ownFingerprint(event)));
  const revived = revive(noted, series, back);
  return { head: revived, revived: (head.voids.byteLength - revived.voids.byteLength) / 8 };
};

const append = (page: Uint8Array = new Uint8Array(0), { hi, lo }: Fingerprint): Uint8Array => {
  const longer = new Uint8Array(page.byteLength + 8);
  longer.set(page);
  const view = new DataView(longer.buffer);
  view.setInt32(page.byteLength, hi);
  view.setInt32(page.byteLength + 4, lo);
  return longer;
};

const pageOf = (ids: readonly Fingerprint[]): Uint8Array => {
  const set = new IdSet();
  for (const id of ids) set.add(id);
  return [...set].reduce(append, new Uint8Array(0));
};
