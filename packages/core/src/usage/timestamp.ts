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

const shape = /^\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z?$/;

/**
 * The same as `parseTimestamp`, for streams of events close to each other: the first thirteen characters, date and
 * hour, are looked up rather than parsed.
 */
export const timestampParser = () => {
  const hours = new Map<string, number | undefined>();
  return (text: string): number | undefined => {
    if (!shape.test(text)) return parseTimestamp(text);
    const prefix = text.slice(0, 13);
    let start = hours.get(prefix);
    if (start === undefined) {
      start = parseTimestamp(`${prefix}:00:00Z`);
      if (start === undefined) return undefined;
      if (hours.size >= 2_000) hours.clear();
      hours.set(prefix, start);
    }
    return start + digits(text, 14) * 60_000 + digits(text, 17) * 1000 + milliseconds(text);
  };
};

const digits = (text: string, at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const milliseconds = (text: string) => {
  let value = 0;
  let weight = 100;
  for (let at = 20; at < text.length && weight >= 1; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    value += digit * weight;
    weight /= 10;
  }
  return value;
};
