import type { Tenant } from "../tenant/tenant.ts";
import type { Mail } from "./ports.ts";

/** The owner's welcome. Every value in the HTML is escaped: a tenant's name is whatever somebody typed. */
export const welcomeMail = (tenant: Tenant): Mail => {
  const name = oneLine(tenant.name);
  const facts: readonly (readonly [string, string])[] = [
    ["Tenant", name],
    ["Plan", tenant.tier],
    ["Region", tenant.config.region],
    ...(tenant.config.features.length > 0 ? [["Features", tenant.config.features.join(", ")] as const] : []),
    ["Tenant ID", tenant.id],
  ];
  return { to: tenant.owner.email, subject: `${name} is ready`, text: textOf(name, facts), html: htmlOf(name, facts) };
};

const opening = "Your tenant has been set up with its own database, storage, users and compute namespace.";
const signIn =
  "You are its owner. If you have no account yet, a separate message brings a temporary password, valid for seven days; sign in with this e-mail address.";
const closing = "If you did not expect this message, please tell the operator of the platform.";

type Facts = readonly (readonly [string, string])[];

const textOf = (name: string, facts: Facts): string => {
  const width = Math.max(...facts.map(([label]) => label.length)) + 2;
  const table = facts.map(([label, value]) => `  ${`${label}:`.padEnd(width)} ${value}`).join("\n");
  return `${name} is ready\n\n${opening}\n\n${table}\n\n${signIn}\n\n${closing}\n`;
};

const htmlOf = (name: string, facts: Facts): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escape(name)} is ready</title>
  </head>
  <body style="margin:0;padding:32px 16px;background:#f4f5f7;color:#1a1f36;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
    <table role="presentation" width="100%" cellpadding="0" cellspacing="0">
      <tr>
        <td align="center">
          <table role="presentation" cellpadding="0" cellspacing="0" style="width:100%;max-width:560px;background:#ffffff;border:1px solid #e3e6ec;border-radius:8px;text-align:left">
            <tr>
              <td style="padding:32px">
                <h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${escape(name)} is ready</h1>
                <p style="margin:0 0 24px">${opening}</p>
                <table cellpadding="0" cellspacing="0" style="width:100%;margin:0 0 24px;border-collapse:collapse">
${facts.map(row).join("\n")}
                </table>
                <p style="margin:0 0 24px">${signIn}</p>
                <p style="margin:0;font-size:13px;color:#697386">${closing}</p>
              </td>
            </tr>
          </table>
        </td>
      </tr>
    </table>
  </body>
</html>
`;

const row = ([label, value]: readonly [string, string]): string =>
  `                  <tr><th scope="row" style="padding:8px 16px 8px 0;border-top:1px solid #e3e6ec;font-weight:normal;color:#697386;text-align:left;white-space:nowrap;vertical-align:top">${escape(label)}</th><td style="padding:8px 0;border-top:1px solid #e3e6ec;word-break:break-word">${escape(value)}</td></tr>`;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]!);

/** A line break in a subject would begin another header. */
const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
