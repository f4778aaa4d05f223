import { AwsError } from "../../gateway/service.ts";
import type { RestRoute } from "../../protocols/rest.ts";
import type { Collection } from "../../store.ts";
import { type Input, page, text } from "../input.ts";

/** An address or domain that may send. All are verified: there is nobody here to prove a mailbox to. */
export type Identity = { readonly name: string };

const kind = (name: string): "EMAIL_ADDRESS" | "DOMAIN" => (name.includes("@") ? "EMAIL_ADDRESS" : "DOMAIN");

/** Domains and addresses are compared without case. */
export const putIdentity = (identities: Collection<Identity>, name: string): void =>
  identities.put(name.toLowerCase(), { name });

/** Whether an address, its domain or a parent of its domain is an identity. */
const mayBeSentFrom = (identities: Collection<Identity>, address: string): boolean => {
  const lower = address.toLowerCase();
  const labels = lower.slice(lower.lastIndexOf("@") + 1).split(".");
  const domains = labels.map((_, index) => labels.slice(index).join("."));
  return [lower, ...domains].some((name) => identities.get(name) !== undefined);
};

/** @throws AwsError MessageRejected, as SES words it */
export const requireIdentity = (identities: Collection<Identity>, address: string, region: string): void => {
  if (mayBeSentFrom(identities, address)) return;
  const failed = `The following identities failed the check in region ${region.toUpperCase()}: ${address}`;
  throw new AwsError("MessageRejected", `Email address is not verified. ${failed}`);
};

const find = (identities: Collection<Identity>, name: string): Identity => {
  const identity = identities.get(name.toLowerCase());
  if (!identity) throw new AwsError("NotFoundException", `Email identity ${name} does not exist.`, 404);
  return identity;
};

/** SES v2's actions on identities. */
export const identityRoutes = (identities: Collection<Identity>): Readonly<Record<string, RestRoute>> => ({
  "POST /v2/email/identities": {
    action: "CreateEmailIdentity",
    handle(input: Input) {
      const name = text(input, "EmailIdentity");
      if (identities.get(name.toLowerCase()))
        throw new AwsError("AlreadyExistsException", `Email identity ${name} already exist.`);
      putIdentity(identities, name);
      return { IdentityType: kind(name), VerifiedForSendingStatus: true };
    },
  },
  "GET /v2/email/identities": {
    action: "ListEmailIdentities",
    handle(_, __, { url }) {
      const size = Number(url.searchParams.get("PageSize") ?? 1000);
      const { items, next } = page(
        identities.list(),
        ({ key }) => key,
        size,
        url.searchParams.get("NextToken") ?? undefined,
      );
      return {
        EmailIdentities: items.map(({ value: { name } }) => ({
          IdentityName: name,
          IdentityType: kind(name),
          SendingEnabled: true,
          VerificationStatus: "SUCCESS",
        })),
        NextToken: next,
      };
    },
  },
  "GET /v2/email/identities/{name}": {
    action: "GetEmailIdentity",
    handle: (_, { name = "" }) => ({
      IdentityType: kind(find(identities, name).name),
      VerifiedForSendingStatus: true,
      VerificationStatus: "SUCCESS",
    }),
  },
  "DELETE /v2/email/identities/{name}": {
    action: "DeleteEmailIdentity",
    handle(_, { name = "" }) {
      find(identities, name);
      identities.delete(name.toLowerCase());
    },
  },
});
