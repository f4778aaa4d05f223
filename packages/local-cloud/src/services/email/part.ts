import { ofType } from "../../deploy/graph.ts";
import type { PartFactory } from "../../part.ts";
import { restReply, restService, type RestRoute } from "../../protocols/rest.ts";
import { type Identity, identityRoutes, putIdentity } from "./identities.ts";
import { type Mailbox, openMailbox } from "./mailbox.ts";
import { sendEmail } from "./send.ts";
import { type Template, templateOf, templateRoutes } from "./templates.ts";

/** The mailbox for people and tests, on the gateway: `GET /_mail?to=…` as JSON, `GET /_mail/<id>` as it was sent. */
const mailboxRoutes = (mailbox: Mailbox): Readonly<Record<string, RestRoute>> => ({
  "GET /_mail": {
    action: "ListMail",
    async handle(_, __, { url }) {
      const to = url.searchParams.get("to")?.toLowerCase();
      const mails = await mailbox.list();
      return to === undefined ? mails : mails.filter((mail) => mail.to.some((one) => one.toLowerCase() === to));
    },
  },
  "GET /_mail/{id}": {
    action: "ReadMail",
    async handle(_, { id = "" }) {
      const message = await mailbox.read(id);
      // `nosniff`: a mail's HTML is never run from here.
      return message
        ? restReply(200, message, { "content-type": "message/rfc822", "x-content-type-options": "nosniff" })
        : restReply(404, { message: "There is no mail of this id." });
    },
  },
});

/** SES v2 with a mailbox instead of the internet. */
export const email: PartFactory = async (host) => {
  const mailbox = openMailbox(host.data);
  const identities = host.store.collection<Identity>("ses-identities");
  const templates = host.store.collection<Template>("ses-templates");
  const service = restService({
    name: "ses",
    claims: (url) => url.pathname === "/_mail" || url.pathname.startsWith("/_mail/"),
    routes: {
      ...mailboxRoutes(mailbox),
      ...identityRoutes(identities),
      ...templateRoutes(templates),
      "POST /v2/email/outbound-emails": {
        action: "SendEmail",
        handle: sendEmail({ region: host.region, mailbox, identities, templates }),
      },
    },
  });
  return {
    name: "email",
    services: [service],
    // A configuration set only names where events would go; none leave the machine.
    types: [
      "aws:sesv2/emailIdentity:EmailIdentity",
      "aws:sesv2/configurationSet:ConfigurationSet",
      "aws:ses/template:Template",
    ],
    async apply(graph) {
      for (const { inputs } of ofType(graph, "aws:sesv2/emailIdentity:EmailIdentity"))
        putIdentity(identities, String(inputs["emailIdentity"]));
      for (const { inputs, outputs } of ofType(graph, "aws:ses/template:Template"))
        templates.put(
          String(outputs["name"] ?? inputs["name"]),
          templateOf({ Subject: inputs["subject"], Text: inputs["text"], Html: inputs["html"] }),
        );
    },
  };
};
