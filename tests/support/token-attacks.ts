import { constants, createPublicKey, sign } from "node:crypto";
import { base64url, type Claims, type Forgery } from "./forge.ts";

/** A token that must be refused, by what is wrong with it. */
export type Attack = readonly [why: string, token: string];

const day = 24 * 3600;

const algorithms = (f: Forgery): Attack[] => {
  const spki = f.publicKey.export({ format: "pem", type: "spki" });
  const { n = "" } = f.publicKey.export({ format: "jwk" });
  const pss = (() => {
    const text = f.text({}, { alg: "PS256" });
    const options = { key: f.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    return `${text}.${sign("sha256", Buffer.from(text), options).toString("base64url")}`;
  })();
  const unsigned = (alg: string) => `${f.text({}, { alg })}.`;
  return [
    ["alg none, no signature", unsigned("none")],
    ["alg None, no signature", unsigned("None")],
    ["alg nOnE, a signature of somebody else", f.token({}, { alg: "nOnE" }, f.foreign)],
    ["alg none, well signed", f.token({}, { alg: "none" })],
    ["HS256 by the public key", f.hmac(spki)],
    ["HS256 by the public key without its last line", f.hmac(String(spki).trimEnd())],
    ["HS256 by the public key's DER", f.hmac(f.publicKey.export({ format: "der", type: "spki" }))],
    ["HS256 by the modulus", f.hmac(Buffer.from(n, "base64url"))],
    ["HS256 by nothing", f.hmac("")],
    ["RS256 in the header, HS256 in truth", f.hmac(spki, "RS256")],
    ["RS384, well signed", f.token({}, { alg: "RS384" })],
    ["RS512, well signed", f.token({}, { alg: "RS512" })],
    ["PS256, well signed", pss],
    ["ES256, signed with RSA", f.token({}, { alg: "ES256" })],
    ["alg in small letters", f.token({}, { alg: "rs256" })],
    ["alg with a space", f.token({}, { alg: "RS256 " })],
    ["alg a list", f.token({}, { alg: ["RS256"] })],
    ["alg a number", f.token({}, { alg: 256 })],
    ["no alg", f.token({}, { alg: undefined })],
    ["alg empty", f.token({}, { alg: "" })],
  ];
};

const headers = (f: Forgery): Attack[] => {
  const jwk = { ...createPublicKey(f.foreign).export({ format: "jwk" }), kid: "mine", alg: "RS256", use: "sig" };
  const forged = (head: Claims) => f.token({}, head, f.foreign);
  const kids: [string, unknown][] = [
    ["unknown", "unknown"],
    ["empty", ""],
    ["missing", undefined],
    ["null", null],
    ["a number", 1],
    ["a list", [f.header["kid"]]],
    ["an object", { kid: f.header["kid"] }],
    ["a path", "../../../../../dev/null"],
    ["a URL", "https://evil.example/jwks.json"],
    ["SQL", "' OR '1'='1"],
    ["a command", "| whoami"],
    ["__proto__", "__proto__"],
    ["constructor", "constructor"],
    ["with a null byte", `${String(f.header["kid"])}\0`],
    ["with a space", `${String(f.header["kid"])} `],
    ["of 4 kB", "k".repeat(4096)],
  ];
  return [
    ...kids.map(([what, kid]): Attack => [`kid ${what}`, f.token({}, { kid })]),
    ["the pool's kid, another's signature", forged({})],
    ["a key of its own in the header, jwk", forged({ jwk, kid: "mine" })],
    ["a key of its own in the header, jwk, under the pool's kid", forged({ jwk })],
    ["a key set of its own, jku", forged({ jku: "https://evil.example/jwks.json", kid: "mine" })],
    ["a key set of its own, jku, under the pool's kid", forged({ jku: "https://evil.example/jwks.json" })],
    ["a certificate of its own, x5u", forged({ x5u: "https://evil.example/cert.pem" })],
    ["a certificate of its own, x5c", forged({ x5c: [base64url("certificate")], x5t: "x" })],
    ["crit with what nobody knows", f.token({}, { crit: ["urn:example:level"], "urn:example:level": 1 })],
    ["crit with exp", f.token({}, { crit: ["exp"], exp: 1 })],
    ["crit empty", f.token({}, { crit: [] })],
    ["b64 false", f.token({}, { crit: ["b64"], b64: false })],
    ["the header a list", f.written(() => "[]", "header")],
    ["the header null", f.written(() => "null", "header")],
    ["the header no JSON", f.written((json) => json.slice(1), "header")],
    ["alg twice", f.written((json) => json.replace("{", '{"alg":"none",'), "header")],
    ["kid twice", f.written((json) => json.replace("{", '{"kid":"mine",'), "header")],
  ];
};

const times = (f: Forgery): Attack[] => {
  const now = f.now();
  const raw = (claim: string, value: string) =>
    f.written((json) => json.replace(new RegExp(`"${claim}":\\d+`), `"${claim}":${value}`));
  const exps: [string, unknown][] = [
    ["a minute ago", now - 60],
    ["a second ago", now - 1],
    ["half a second ago", Date.now() / 1000 - 0.5],
    ["in 1970", 0],
    ["negative", -1],
    ["missing", undefined],
    ["null", null],
    ["text", String(now + 600)],
    ["text with a fraction", `${now + 600}.5`],
    ["a date", new Date(Date.now() + 600_000).toISOString()],
    ["a list", [now + 600]],
    ["an object", {}],
    ["true", true],
    ["in milliseconds", Date.now() + 600_000],
    ["in two days", now + 2 * day],
    ["the largest integer", Number.MAX_SAFE_INTEGER],
    ["1e300", 1e300],
  ];
  return [
    ...exps.map(([what, exp]): Attack => [`exp ${what}`, f.token({ exp })]),
    ["exp infinite", raw("exp", "1e999")],
    ["exp minus infinity", raw("exp", "-1e999")],
    ["nbf in a minute", f.token({ nbf: now + 60 })],
    ["nbf text", f.token({ nbf: String(now - 60) })],
    ["nbf a list", f.token({ nbf: [0] })],
    ["nbf 1e300", f.token({ nbf: 1e300 })],
    ["nbf in milliseconds", f.token({ nbf: Date.now() })],
    ["iat text", f.token({ iat: String(now) })],
    ["iat null", f.token({ iat: null })],
    ["iat in an hour", f.token({ iat: now + 3600 })],
    ["iat infinite", raw("iat", "1e999")],
  ];
};

const issuers = (f: Forgery): Attack[] => {
  const issuer = String(f.claims["iss"]);
  const pool = issuer.slice(issuer.lastIndexOf("/") + 1);
  const { host } = new URL(issuer);
  const isses: [string, unknown][] = [
    ["with a slash behind", `${issuer}/`],
    ["in capitals", issuer.toUpperCase()],
    ["whose host is in capitals", issuer.replace(host, host.toUpperCase())],
    ["by http", issuer.replace("https:", "http:")],
    ["of another region", issuer.replaceAll("us-east-1", "eu-west-1")],
    ["whose host is of another region", issuer.replace("idp.us-east-1", "idp.eu-west-1")],
    ["of a host that begins alike", issuer.replace(host, `${host}.evil.example`)],
    ["of a host that ends alike", issuer.replace(host, `evil-${host}`)],
    ["with the host as a name", issuer.replace(host, `${host}@evil.example`)],
    ["with a port", issuer.replace(host, `${host}:444`)],
    ["with a path before", issuer.replace(pool, `x/../${pool}`)],
    ["with a path behind", `${issuer}/../us-east-1_Evil`],
    ["with a query", `${issuer}?x=1`],
    ["with a fragment", `${issuer}#`],
    ["percent-encoded", issuer.replace("_", "%5F")],
    ["with a space", `${issuer} `],
    ["with a null byte", `${issuer}\0`],
    ["with a letter that looks alike", issuer.replace("cognito", "сognito")],
    ["the pool alone", pool],
    ["empty", ""],
    ["missing", undefined],
    ["null", null],
    ["a list", [issuer]],
    ["a list of both", ["https://evil.example", issuer]],
    ["of the attacker's own host", "https://evil.example/us-east-1_Evil"],
  ];
  return isses.map(([what, iss]) => [`iss ${what}`, f.token({ iss })]);
};

const subjects = (f: Forgery): Attack[] => {
  const client = f.claims["client_id"];
  const claims: [string, Claims][] = [
    ["token_use id", { token_use: "id" }],
    ["token_use id, as id tokens are", { token_use: "id", aud: client, client_id: undefined }],
    ["token_use refresh", { token_use: "refresh" }],
    ["token_use missing", { token_use: undefined }],
    ["token_use in capitals", { token_use: "ACCESS" }],
    ["token_use a list", { token_use: ["access"] }],
    ["token_use both", { token_use: "access id" }],
    ["client_id of another", { client_id: "0123456789abcdefghijklmnop" }],
    ["client_id missing", { client_id: undefined }],
    ["client_id in aud", { client_id: undefined, aud: client }],
    ["client_id in azp", { client_id: undefined, azp: client }],
    ["client_id a list", { client_id: [client] }],
    ["client_id in capitals", { client_id: String(client).toUpperCase() }],
    ["client_id with a space", { client_id: `${String(client)} ` }],
    ["sub missing", { sub: undefined }],
    ["sub empty", { sub: "" }],
    ["sub a number", { sub: 7 }],
    ["sub a list", { sub: [f.claims["sub"]] }],
    ["sub of nobody here", { sub: "00000000-0000-4000-8000-000000000000" }],
    ["sub with a null byte", { sub: `${String(f.claims["sub"])}\0` }],
    ["org_id a list", { org_id: [f.claims["org_id"]] }],
    ["org_id an object", { org_id: { id: f.claims["org_id"] } }],
    ["org_id a number", { org_id: 1 }],
    ["org_id true", { org_id: true }],
    ["org_id of no tenant", { org_id: "ten_01JD0000000000000000000000" }],
    ["org_id with a space", { org_id: `${String(f.claims["org_id"])} ` }],
    ["permissions a list", { permissions: ["users:read"] }],
    ["permissions an object", { permissions: { "users:read": true } }],
    ["email a list", { email: ["a@b.example"] }],
    ["perm_epoch of the past", { perm_epoch: "0.-1" }],
    ["perm_epoch of the future", { perm_epoch: "9.9" }],
    ["perm_epoch missing", { perm_epoch: undefined }],
    ["perm_epoch a number", { perm_epoch: 0 }],
    ["perm_epoch with a space", { perm_epoch: `${String(f.claims["perm_epoch"])} ` }],
    ["origin_jti missing", { origin_jti: undefined }],
    ["origin_jti empty", { origin_jti: "" }],
    ["origin_jti a number", { origin_jti: 1 }],
    ["auth_time missing", { auth_time: undefined }],
    ["auth_time text", { auth_time: String(f.now()) }],
    ["auth_time 0", { auth_time: 0 }],
    ["auth_time negative", { auth_time: -1 }],
    ["auth_time an hour ago, of a session never seen", { auth_time: f.now() - 3600, origin_jti: "never-seen" }],
  ];
  const twice = (name: string, written = name) =>
    f.written((json) => json.replace("{", `{"${written}":"first",`), "claims");
  return [
    ...claims.map(([why, change]): Attack => [why, f.token(change)]),
    ...["sub", "org_id", "iss", "permissions", "token_use"].map((name): Attack => [`${name} twice`, twice(name)]),
    ["org_id twice, once in escapes", twice("org_id", "\\u006frg_id")],
    ["a claim twice inside of another", f.written((json) => json.replace("{", '{"x":{"a":1,"a":2},'))],
    ["the claims a list", f.written((json) => `[${json}]`)],
    ["the claims text", f.written((json) => JSON.stringify(json))],
    ["the claims null", f.written(() => "null")],
    ["the claims no JSON", f.written((json) => json.slice(0, -1))],
    ["the claims with a byte order mark", f.written((json) => `\ufeff${json}`)],
    ["the claims with a null byte behind", f.written((json) => `${json}\0`)],
    ["the claims a token (nested)", f.written(() => f.token())],
    ["a token in a token, cty JWT", f.token({}, { cty: "JWT" }).replace(/\.[^.]+\./, `.${base64url(f.token())}.`)],
  ];
};

const signatures = (f: Forgery): Attack[] => {
  const parts = (token: string) => {
    const [head = "", body = "", mac = ""] = token.split(".");
    return { head, body, mac };
  };
  const signed = (change: (mac: Buffer) => Buffer): string => {
    const { head, body, mac } = parts(f.token());
    return `${head}.${body}.${change(Buffer.from(mac, "base64url")).toString("base64url")}`;
  };
  const spelled = (change: (mac: string) => string): string => {
    const { head, body, mac } = parts(f.token());
    return `${head}.${body}.${change(mac)}`;
  };
  /** One whose signature has a character that base64 writes otherwise. */
  const standard = (): string => {
    for (;;) {
      const { head, body, mac } = parts(f.token());
      if (/[-_]/.test(mac)) return `${head}.${body}.${mac.replaceAll("-", "+").replaceAll("_", "/")}`;
    }
  };
  const modulus = BigInt(
    `0x${Buffer.from(f.publicKey.export({ format: "jwk" }).n ?? "", "base64url").toString("hex")}`,
  );
  const one = parts(f.token());
  const other = parts(f.token());
  const good = f.token();
  return [
    ["signed by another key", f.token({}, {}, f.foreign)],
    ["no signature", spelled(() => "")],
    ["a signature of zeros", signed((mac) => Buffer.alloc(mac.length))],
    ["a signature of one byte", signed(() => Buffer.from([1]))],
    ["a bit flipped in the signature", signed((mac) => (mac.writeUInt8(mac.readUInt8(9) ^ 1, 9), mac))],
    ["the signature cut by a byte", signed((mac) => mac.subarray(0, -1))],
    ["the signature with a zero before", signed((mac) => Buffer.concat([Buffer.alloc(1), mac]))],
    ["the signature with a byte behind", signed((mac) => Buffer.concat([mac, Buffer.alloc(1)]))],
    ["the signature twice", signed((mac) => Buffer.concat([mac, mac]))],
    [
      "the signature plus the modulus",
      signed((mac) => {
        const hex = (BigInt(`0x${mac.toString("hex")}`) + modulus).toString(16);
        return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
      }),
    ],
    [
      "the signature spelled with a spare bit",
      spelled((mac) => `${mac.slice(0, -1)}${{ A: "B", Q: "R", g: "h", w: "x" }[mac.slice(-1)]}`),
    ],
    ["the signature padded", spelled((mac) => `${mac}==`)],
    ["the signature in base64", standard()],
    ["the signature percent-encoded", spelled((mac) => `${mac.slice(0, 4)}%41${mac.slice(5)}`)],
    ["the signature of another token", `${one.head}.${one.body}.${other.mac}`],
    ["the claims of another", good.replace(/\.[^.]+\./, `.${parts(f.text({ org_id: "org_platform" })).body}.`)],
    ["the header of another", good.replace(/^[^.]+/, parts(f.text({}, { typ: "JWT" })).head)],
    [
      "the claims with a letter in capitals",
      good.replace(/\.(\w)/, (text) => (text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase())),
    ],
    ["truncated", good.slice(0, -10)],
    ["without a signature's dot", `${one.head}.${one.body}`],
    ["with a segment more", `${good}.x`],
    ["of five segments, as if encrypted", `${good}.x.y`],
    ["with a dot before", `.${good}`],
    ["with a dot behind", `${good}.`],
    ["with a dot twice", good.replace(".", "..")],
    ["with dots of another script", good.replaceAll(".", "\u3002")],
    ["percent-encoded dots", good.replaceAll(".", "%2E")],
    ["in quotes", `"${good}"`],
    ["as JSON", JSON.stringify({ protected: one.head, payload: one.body, signature: one.mac })],
    ["with a space inside", good.replace(".", " .")],
    ["with a tab inside", good.replace(".", ".\t")],
    ["with a letter more than we read, 8.5 kB", f.token({ filler: "f".repeat(5800) })],
    ["none", "null"],
    ["undefined", "undefined"],
    ["three words", "a.b.c"],
    ["an empty object", `${base64url("{}")}.${base64url("{}")}.${base64url("x")}`],
    ["a key of ours that is none", "tk_01JD5V8Q9T6Y3ZK0M4N7P2R5S8_0123456789012345678901234567890123456789012"],
  ];
};

/** Tokens that look odd and are good: they show that the others are refused for what is wrong with them. */
export const neighbours = (f: Forgery): Attack[] => [
  ["as it is", f.token()],
  ["with typ JWT", f.token({}, { typ: "JWT" })],
  ["with a fraction in exp", f.token({ exp: f.now() + 600.5 })],
  ["that ends in a minute", f.token({ exp: f.now() + 60 })],
  ["that ends in a day", f.token({ exp: f.now() + day })],
  ["with nbf in the past", f.token({ nbf: f.now() - 60 })],
  ["with nbf now", f.token({ nbf: f.now() })],
  ["without iat", f.token({ iat: undefined })],
  ["with claims that nobody asks for", f.token({ aud: "x", nonce: { sub: "x" }, groups: ["a", "a"] })],
  ["with a key set that nobody asks for", f.token({}, { jku: "https://evil.example/jwks.json" })],
  ["with claims spaced out", f.written((json) => JSON.stringify(JSON.parse(json), null, 1))],
  ["with the same name at two depths", f.token({ act: { sub: "x", iss: "y" } })],
  ["without mail", f.token({ email: undefined })],
  ["of 7 kB", f.token({ filler: "f".repeat(4000) })],
];

/** All of them, made anew. */
export const attacks = (f: Forgery): Attack[] => [
  ...algorithms(f),
  ...headers(f),
  ...times(f),
  ...issuers(f),
  ...subjects(f),
  ...signatures(f),
];
