import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

/** What a provider says of one of its users. */
export type Person = {
  readonly sub: string;
  readonly email: string;
  readonly email_verified?: boolean;
  readonly name?: string;
};

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
};

const closing = async (server: Server): Promise<void> => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};

export const clientId = "tenantry";
export const clientSecret = "a-secret-of-the-provider-s-client";

/** A real OpenID provider on this machine: with its sign-in pages, consent, PKCE required, and these people. */
export const startProvider = async (people: readonly Person[], redirectUris: () => readonly string[]) => {
  let handle: ReturnType<Provider["callback"]> | undefined;
  const server = createServer((request, response) => handle?.(request, response));
  const issuer = await listening(server);
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), use: "sig", alg: "RS256", kid: "one" };
  /** Made anew when its client's redirect URIs are known: they are what signing up at a provider settles. */
  const begin = (): void => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: redirectUris(),
          token_endpoint_auth_method: "client_secret_post",
        },
      ],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
      cookies: { keys: ["cookies of a test"] },
      jwks: { keys: [jwk] },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      pkce: { required: () => true },
      findAccount: (_: unknown, sub: string) => {
        const person = people.find((one) => one.sub === sub);
        return person && { accountId: sub, claims: () => person };
      },
    });
    handle = provider.callback();
  };
  begin();
  return { issuer, begin, close: () => closing(server) };
};

type Cookie = { readonly origin: string; readonly path: string; readonly name: string; readonly value: string };

/** A browser without pages: follows redirects, keeps cookies, and fills in a provider's forms. */
export const openBrowser = (login: string) => {
  let cookies: Cookie[] = [];
  const keep = (url: URL, response: Response): void => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? "/";
      const same = (one: Cookie) => one.origin === url.origin && one.path === path && one.name === name;
      cookies = [...cookies.filter((one) => !same(one)), { origin: url.origin, path, name, value }];
    }
  };
  const ask = async (url: URL, form?: Record<string, string>): Promise<Response> => {
    const sent = cookies.filter(({ origin, path }) => origin === url.origin && url.pathname.startsWith(path));
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: sent.map(({ name, value }) => `${name}=${value}`).join("; ") },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    keep(url, response);
    return response;
  };

  /** Goes there and on, through sign-in and consent, until an address begins with `until`: answers that address. */
  const visit = async (from: string, until: string): Promise<URL> => {
    let url = new URL(from);
    let form: Record<string, string> | undefined;
    for (let step = 0; step < 20; step++) {
      if (url.href.startsWith(until)) return url;
      const response = await ask(url, form);
      form = undefined;
      const to = response.headers.get("location");
      const html = await response.text();
      const [, prompt] = /name="prompt" value="(login|consent)"/.exec(html) ?? [];
      if (to !== null) url = new URL(to, url);
      else if (response.status === 200 && prompt !== undefined) {
        form = prompt === "login" ? { prompt, login, password: "any" } : { prompt };
        url = new URL(/action="([^"]+)"/.exec(html)?.[1] ?? "", url);
      } else throw new Error(`${url.href} answered ${response.status}: ${html}`);
    }
    throw new Error("The redirects go on and on.");
  };
  return { visit, ask };
};

/** A provider that answers the token request with whatever it is told to, and has these keys. */
export const startLyingProvider = async (idToken: () => Promise<string>, keys: () => readonly unknown[]) => {
  const server = createServer((request, response) => {
    const send = (body: unknown): void => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const at = (path: string): string => `${issuer}${path}`;
    if (request.url === "/.well-known/openid-configuration")
      return send({
        issuer,
        authorization_endpoint: at("/auth"),
        token_endpoint: at("/token"),
        jwks_uri: at("/jwks"),
      });
    if (request.url === "/jwks") return send({ keys: keys() });
    request.resume();
    void idToken().then((id_token) => send({ id_token, token_type: "Bearer" }));
    return undefined;
  });
  const issuer = await listening(server);
  return { issuer, close: () => closing(server) };
};
