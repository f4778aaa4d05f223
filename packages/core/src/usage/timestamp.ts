const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?$/;

/**
 * An event's instant in milliseconds: RFC 3339 with up to nine decimals of a second. Without a zone it is UTC, as
 * Python's `datetime.utcnow().isoformat()` writes it. Anything else, the 30th of February too, is undefined.
 */
export const parseTimestamp = (text: string): number | undefined => {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, zoneHour = "0", zoneMinute = "0"] = match;
  // Date.UTC takes the years before 100 for the twentieth century.
  if (Number(year) < 100) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(date).getUTCDate() !== Number(day) || new Date(date).getUTCMonth() !== Number(month) - 1)
    return undefined;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === "-" ? -1 : 1);
  const time = (Number(hour) * 60 + Number(minute) - zone) * 60_000 + Number(second) * 1000;
  return date + time + Number(fraction.slice(0, 3).padEnd(3, "0"));
};

/**
 * The same as `parseTimestamp`, for streams of events close to each other: midnights are looked up, the rest is read
 * digit by digit.
 */
export const timestampParser = () => {
  // By numbers: a piece of the text as a key would keep the whole record in memory.
  const midnights = new Map<number, number>();
  let lastDay = -1;
  let midnight = 0;
  return (text: string): number | undefined => {
    const fraction = millisecondsAfter(text);
    if (fraction === undefined || !isPunctuated(text)) return parseTimestamp(text);
    const hour = two(text, 11);
    const minute = two(text, 14);
    const second = two(text, 17);
    const day = two(text, 0) * 1_000_000 + two(text, 2) * 10_000 + two(text, 5) * 100 + two(text, 8);
    // What is no digit makes a number that compares with nothing.
    if (!(hour <= 23 && minute <= 59 && second <= 59 && day >= 0)) return parseTimestamp(text);
    if (day !== lastDay) {
      const known = midnights.get(day) ?? parseTimestamp(`${text.slice(0, 10)}T00:00:00Z`);
      if (known === undefined) return undefined;
      if (midnights.size >= 100) midnights.clear();
      midnights.set(day, known);
      lastDay = day;
      midnight = known;
    }
    return midnight + (hour * 60 + minute) * 60_000 + second * 1000 + fraction;
  };
};

/** Two digits at a place, or not a number. */
const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

const isPunctuated = (text: string): boolean =>
  text.charCodeAt(4) === 45 &&
  text.charCodeAt(7) === 45 &&
  text.charCodeAt(10) === 84 &&
  text.charCodeAt(13) === 58 &&
  text.charCodeAt(16) === 58;

const wholeSeconds = "2026-11-20T13:45:12".length;

/** The milliseconds of a timestamp in UTC, or undefined when what follows the seconds is more than a fraction and a Z. */
const millisecondsAfter = (text: string): number | undefined => {
  const end = text.charCodeAt(text.length - 1) === 90 ? text.length - 1 : text.length;
  if (end === wholeSeconds) return 0;
  if (end < wholeSeconds + 2 || end > wholeSeconds + 10 || text.charCodeAt(wholeSeconds) !== 46) return undefined;
  let value = 0;
  for (let at = wholeSeconds + 1, weight = 100; at < end; at++, weight /= 10) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    if (weight >= 1) value += digit * weight;
  }
  return value;
};
