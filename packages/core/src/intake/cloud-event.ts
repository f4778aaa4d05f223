import { isObject, pointerTo, type Read, type Refusal } from "./draft.ts";

const wrong = (pointer: string, detail: string): Refusal => ({ code: "invalid-cloudevent", detail, pointer });

const isText = (value: unknown): value is string => typeof value === "string" && value.length > 0;

const jsonType = /^[\w.+-]+\/([\w.-]+\+)?json *(;|$)/i;

/** What the event's data may hold; everything else stands in the attributes. */
const dataFields: ReadonlySet<string> = new Set(["value", "user_id", "dimensions"]);

/**
 * A CloudEvent 1.0 as a usage event: `type` is the meter, `subject` the tenant, `time` the timestamp, and `data` has
 * `value`, `user_id` and `dimensions`. Its identity is `source` and `id` together, as the specification says. Extension
 * attributes are let through and not looked at.
 */
export const readCloudEvent = (item: unknown): Read | Refusal => {
  if (!isObject(item)) return wrong("", "An event is a JSON object.");
  const { specversion, id, source, type, subject, time, datacontenttype, data } = item;
  if (specversion !== "1.0") return wrong("/specversion", 'specversion must be "1.0".');
  for (const [name, value] of Object.entries({ id, source, type }))
    if (!isText(value)) return wrong(`/${name}`, `${name} must be a string that is not empty.`);
  if (datacontenttype !== undefined && !(isText(datacontenttype) && jsonType.test(datacontenttype)))
    return wrong("/datacontenttype", "Data is read as JSON only.");
  if (item["data_base64"] !== undefined) return wrong("/data_base64", "Data is read as JSON only.");
  if (!isObject(data)) return wrong("/data", "data must be an object with a value.");
  const stray = Object.keys(data).find((name) => !dataFields.has(name));
  if (stray !== undefined)
    return { code: "unknown-field", detail: "The field is not known here.", pointer: pointerTo("data", stray) };
  return {
    draft: {
      id: `${String(source)} ${String(id)}`,
      tenant_id: subject,
      metric: type,
      value: data["value"],
      timestamp: time,
      user_id: data["user_id"],
      dimensions: data["dimensions"],
    },
    pointers: {
      id: "/id",
      tenant_id: "/subject",
      metric: "/type",
      value: "/data/value",
      timestamp: "/time",
      user_id: "/data/user_id",
      dimensions: "/data/dimensions",
    },
  };
};
