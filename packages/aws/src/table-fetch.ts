import { AwsClient } from "aws4fetch";
import { optionalSetting, setting } from "./config.ts";
import { endpointFor } from "./endpoint.ts";

/** An item as DynamoDB's own JSON has it. */
export type RawItem = { readonly [name: string]: RawValue };
type RawValue = {
  readonly S?: string;
  readonly N?: string;
  readonly L?: readonly { readonly S?: string }[];
  readonly M?: RawItem;
};

/** Calls an action of DynamoDB and returns its answer. */
export type TableFetch = <Answer>(action: string, input: object) => Promise<Answer>;

/** DynamoDB's refusal of a call; `code` is such as `ConditionalCheckFailedException`. */
export class TableRefusal extends Error {
  override readonly name = "TableRefusal";
  readonly code: string;
  constructor(action: string, status: number, code: string) {
    super(`${action} was answered with ${status} ${code}.`);
    this.code = code;
  }
}

const timeoutMillis = 2000;

/**
 * DynamoDB by a signed `fetch`: the authorizer and the token trigger start on every cold request, and the SDK's client
 * costs more than they do.
 *
 * @throws TableRefusal, or what `fetch` throws when there is no answer in two seconds.
 */
export const tableFetch = (): TableFetch => {
  const sessionToken = optionalSetting("AWS_SESSION_TOKEN");
  const aws = new AwsClient({
    accessKeyId: setting("AWS_ACCESS_KEY_ID"),
    secretAccessKey: setting("AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "dynamodb",
    region: setting("AWS_REGION"),
    retries: 1,
  });
  const url = `${endpointFor("dynamodb")}/`;
  return async <Answer>(action: string, input: object): Promise<Answer> => {
    const response = await aws.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${action}` },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(timeoutMillis),
    });
    if (response.ok) return (await response.json()) as Answer;
    const { __type = "" } = (await response.json().catch(() => ({}))) as { __type?: string };
    throw new TableRefusal(action, response.status, __type.split("#").at(-1) ?? "");
  };
};
