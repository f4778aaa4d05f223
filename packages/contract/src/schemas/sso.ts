import { PutSso, SsoSettings } from "@tenantry/core/sso/settings";
import { z } from "zod";
import { instantExample, TenantId, tenantIdExample } from "./common.ts";

const example = {
  issuer: "https://login.acme.example",
  client_id: "tenantry",
  scopes: ["openid", "email", "profile"],
  email_domains: ["acme.example"],
  callback_urls: ["https://app.acme.example/signed-in"],
};
const host = "https://tenantry-production-users.auth.us-east-1.amazoncognito.com/oauth2";

export const PutSsoBody = PutSso.meta({
  id: "PutSso",
  description:
    "An OpenID Connect provider of the tenant's own. `issuer` must be https on a public address and is compared with the provider's discovery document to the letter. Without `email_domains` all users of the provider get in.",
  example: { ...example, client_secret: "from the provider" },
});

export const Sso = z
  .strictObject({
    tenant_id: TenantId,
    ...SsoSettings.omit({ domain: true }).shape,
    app_client_id: z.string().meta({ description: "The `client_id` that your applications sign in with." }),
    authorize_url: z.string().meta({ description: "Where your applications send users to, with `identity_provider`." }),
    token_url: z.string(),
    redirect_uri: z.string().meta({ description: "What the provider must know as redirect URI of its client." }),
  })
  .meta({
    id: "Sso",
    description: "A tenant's identity provider, without its secret, and where its users sign in.",
    example: {
      tenant_id: tenantIdExample,
      ...example,
      provider_name: "k0m4n7p2r5s8t1v4-2j6k8m0p3r5t7v9",
      updated_at: instantExample,
      app_client_id: "4k1l9m2n3o5p6q7r8s0t1u2v3w",
      authorize_url: `${host}/authorize`,
      token_url: `${host}/token`,
      redirect_uri: `${host}/idpresponse`,
    },
  });
