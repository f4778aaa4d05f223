import { z } from "zod";
import { Instant } from "../time.ts";

/** What an application may ask for when a tenant's users sign in. */
export const appScopes = ["openid", "email", "profile"] as const;

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const domain = new RegExp(`^(?:${label}\\.)+[a-z][a-z0-9-]*[a-z0-9]$`);

/** Where a browser may be sent with a code: over https, or on the user's own machine. */
const isCallback = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null || url.hash !== "" || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && /^(localhost|127\.0\.0\.1)$/.test(url.hostname));
};

/** An identity provider of a tenant's own, as the tenant describes it. */
export const PutSso = z.strictObject({
  /** As in the provider's discovery document, to the letter. */
  issuer: z
    .url("must be a URL")
    .max(512)
    .refine((text) => !/[?#]/.test(text), "must have no query and no fragment"),
  client_id: z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be visible ASCII"),
  /** Never shown again. */
  client_secret: z.string().regex(/^[\x20-\x7e]{1,1024}$/, "must be ASCII"),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/, "must be a scope"))
    .min(1)
    .max(10)
    .refine((scopes) => scopes.includes("openid"), "must have openid among them")
    .default(["openid", "email", "profile"]),
  /** Whose users alone get in, by their address; everybody of the provider where it is empty. */
  email_domains: z.array(z.string().max(253).regex(domain, "must be a domain in lower case")).max(20).default([]),
  callback_urls: z
    .array(z.string().max(1024).refine(isCallback, "must be https, or http on localhost, without a fragment"))
    .min(1)
    .max(10),
});
export type PutSso = z.infer<typeof PutSso>;

/** What is known of it afterwards: everything but the secret, which Cognito alone has. */
export const SsoSettings = PutSso.omit({ client_secret: true }).extend({
  issuer: z.string(),
  scopes: z.array(z.string()),
  email_domains: z.array(z.string()),
  callback_urls: z.array(z.string()),
  /** How Cognito calls the provider: another one for each issuer, so that users of one are never those of another. */
  provider_name: z.string(),
  /** Of the pool's OAuth endpoints. */
  domain: z.string(),
  updated_at: Instant,
});
export type SsoSettings = Readonly<z.infer<typeof SsoSettings>>;
