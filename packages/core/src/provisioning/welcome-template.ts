/**
 * The owner's welcome as an SES template. SES puts values in as they are, so the HTML has names of its own whose values
 * are escaped: `{{name_html}}` beside `{{name}}`.
 * https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html
 */
const facts = [
  ["Name", "name"],
  ["Plan", "tier"],
  ["Region", "region"],
  ["Features", "features"],
  ["Tenant ID", "tenant_id"],
] as const;

export type WelcomeValue = (typeof facts)[number][1];

const opening = "Everything it needs is in place: its database, its file storage, its users and its compute.";
const signIn =
  "You are its owner. If you are new here, a second message brings a temporary password that is valid for seven days: sign in with this e-mail address and choose a password of your own. If you had an account before, sign in as you always do.";
const closing =
  "You get this message because this address was named as the owner. If you did not expect it, or need help, tell whoever invited you, and quote the tenant ID.";

const width = Math.max(...facts.map(([label]) => label.length)) + 2;
const text = `{{name}} is ready

${opening}

${facts.map(([label, value]) => `  ${`${label}:`.padEnd(width)} {{${value}}}`).join("\n")}

${signIn}

${closing}
`;

const row = ([label, value]: (typeof facts)[number]): string =>
  `                  <tr><th scope="row" class="line quiet" style="padding:10px 16px 10px 0;border-top:1px solid #e3e6ec;font-weight:normal;color:#5b6478;text-align:left;white-space:nowrap;vertical-align:top">${label}</th><td class="line" style="padding:10px 0;border-top:1px solid #e3e6ec;word-break:break-word">{{${value}_html}}</td></tr>`;

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="supported-color-schemes" content="light dark">
    <title>{{name_html}} is ready</title>
    <style>
      @media (prefers-color-scheme: dark) {
        .page { background: #10131a !important; color: #e8eaf0 !important; }
        .card { background: #1a1f2b !important; border-color: #2c3342 !important; }
        .line { border-color: #2c3342 !important; }
        .quiet { color: #a3abbd !important; }
        .badge { background: #12382a !important; color: #8be0b4 !important; }
      }
    </style>
  </head>
  <body class="page" style="margin:0;padding:0;background:#f4f5f7;color:#1a1f36;font:16px/1.55 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
    <div style="display:none;max-height:0;overflow:hidden">${opening}</div>
    <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f5f7">
      <tr>
        <td align="center" style="padding:40px 16px">
          <table role="presentation" class="card" cellpadding="0" cellspacing="0" style="width:100%;max-width:560px;background:#ffffff;border:1px solid #e3e6ec;border-radius:12px;text-align:left">
            <tr>
              <td style="padding:36px 36px 32px">
                <p style="margin:0 0 14px"><span class="badge" style="display:inline-block;padding:2px 10px;border-radius:999px;background:#e3f5ec;color:#0c5c38;font-size:13px;font-weight:600">Active</span></p>
                <h1 style="margin:0 0 12px;font-size:24px;line-height:1.3;word-break:break-word">{{name_html}} is ready</h1>
                <p style="margin:0 0 24px">${opening}</p>
                <table cellpadding="0" cellspacing="0" style="width:100%;margin:0 0 24px;border-collapse:collapse">
${facts.map(row).join("\n")}
                </table>
                <p style="margin:0">${signIn}</p>
              </td>
            </tr>
          </table>
          <p class="quiet" style="max-width:560px;margin:20px auto 0;font-size:13px;line-height:1.5;color:#5b6478;text-align:left">${closing}</p>
        </td>
      </tr>
    </table>
  </body>
</html>
`;

/** Subject, text and HTML with the names of `welcomeMail`'s values in double braces. */
export const welcomeTemplate = { subject: "{{name}} is ready", text, html } as const;
