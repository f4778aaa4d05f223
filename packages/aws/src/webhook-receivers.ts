import { createHmac } from "node:crypto";
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Attempt } from "@tenantry/core/webhook/delivery";
import type { WebhookReceivers } from "@tenantry/core/webhook/ports";
import { isPublicAddress } from "./webhook-address.ts";

/** From the first packet to the answer's head. */
const timeLimit = 5000;

type Resolve = (host: string) => Promise<readonly LookupAddress[]>;
type Options = {
  /** Hosts, as `name` or `name:port`, that may have private addresses and plain HTTP. */
  readonly allowed: readonly string[];
  readonly resolve?: Resolve;
  readonly now?: () => Date;
};

class Refused extends Error {}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** What the URL itself gives away. `URL` has written `0x7f.1` and `2130706433` as the address that they are. */
const wordsAgainst = (url: URL): string | null => {
  if (url.protocol !== "https:") return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not carry a user name or password";
  if (url.hash !== "") return "must not have a fragment";
  const host = hostOf(url);
  return isIP(host) !== 0 && !isPublicAddress(host) ? "must not lead to a private or reserved address" : null;
};

/** Receivers on the internet, and those that the operator allows. */
export const webhookReceivers = ({ allowed, resolve, now = () => new Date() }: Options): WebhookReceivers => {
  const addressesOf: Resolve = resolve ?? ((host) => lookup(host, { all: true, verbatim: true }));
  const isAllowed = (url: URL) =>
    /^https?:$/.test(url.protocol) && (allowed.includes(url.hostname) || allowed.includes(url.host));

  /** @throws Refused when one of the addresses is private: which of them is called is not ours to say. */
  const publicAddresses = async (host: string, signal: AbortSignal) => {
    const found = await unlessAborted(addressesOf(host), signal);
    if (found.length === 0) throw new Refused("has a host that cannot be resolved");
    if (!found.every(({ address }) => isPublicAddress(address)))
      throw new Refused("must not lead to a private or reserved address");
    return found;
  };

  return {
    async refusal(text) {
      const url = URL.parse(text);
      if (url === null) return "is not a URL";
      if (isAllowed(url)) return null;
      const words = wordsAgainst(url);
      if (words !== null || isIP(hostOf(url)) !== 0) return words;
      try {
        await publicAddresses(hostOf(url), AbortSignal.timeout(timeLimit));
        return null;
      } catch (error) {
        return error instanceof Refused ? error.message : "has a host that cannot be resolved";
      }
    },

    async post({ url: text, secrets, id, body }) {
      const at = now();
      const since = performance.now();
      const ended = (outcome: Pick<Attempt, "status_code" | "error">): Attempt => ({
        at: at.toISOString(),
        ...outcome,
        duration_ms: Math.round(performance.now() - since),
      });
      const url = new URL(text);
      const free = isAllowed(url);
      const words = free ? null : wordsAgainst(url);
      if (words !== null) return ended({ status_code: null, error: `The URL ${words}.` });
      const signal = AbortSignal.timeout(timeLimit);
      try {
        const pinned =
          free || isIP(hostOf(url)) !== 0 ? undefined : pinnedTo(await publicAddresses(hostOf(url), signal));
        const status = await send(url, { headers: signedHeaders(secrets, id, at, body), body, signal, pinned });
        return ended({ status_code: status, error: null });
      } catch (error) {
        return ended({ status_code: null, error: reasonOf(error) });
      }
    },
  };
};

const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    work,
    once(signal, "abort").then(() => {
      throw signal.reason;
    }),
  ]);

/** The connection goes to an address that was just checked, so that a name cannot change its mind in between. */
const pinnedTo =
  (found: readonly LookupAddress[]): LookupFunction =>
  (_, options, done) => {
    const [first] = found;
    if (options.all === true) done(null, [...found]);
    else done(null, first?.address ?? "", first?.family);
  };

const send = (
  url: URL,
  request: { headers: Record<string, string>; body: string; signal: AbortSignal; pinned: LookupFunction | undefined },
): Promise<number> =>
  new Promise((resolve, reject) => {
    const { headers, body, signal, pinned } = request;
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      agent: false as const,
      signal,
      ...(pinned === undefined ? {} : { lookup: pinned }),
    };
    const outgoing = (url.protocol === "http:" ? overHttp : overHttps)(url, options, (response) => {
      resolve(response.statusCode ?? 0);
      // The status is the answer: what else the receiver says is not read.
      response.destroy();
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const signedHeaders = (secrets: readonly string[], id: string, at: Date, body: string): Record<string, string> => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = (secret: string): string => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  };
  return {
    "content-type": "application/cloudevents+json",
    "user-agent": "Tenantry-Webhooks/1",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": secrets.map(signature).join(" "),
  };
};

/** Words for the delivery log. Addresses stay out of it: they would tell what a private network looks like. */
const reasonOf = (error: unknown): string => {
  if (error instanceof Refused) return `The URL ${error.message}.`;
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError" || name === "AbortError")
    return `There was no answer within ${timeLimit / 1000} seconds.`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "The host could not be resolved.";
  return `The connection failed (${code ?? name}).`;
};
