import type { JsonAction } from "../../protocols/json.ts";
import { type Input, text } from "../input.ts";
import type { Domain } from "./model.ts";
import { type Cognito, invalidParameter, needPool, notFound } from "./state.ts";

/** A pool has one at most. */
export const domainOf = (cognito: Cognito, poolId: string): Domain | undefined =>
  cognito.domains.list().find(({ value }) => value.poolId === poolId)?.value;

export const putDomain = (cognito: Cognito, name: string, poolId: string): void =>
  cognito.domains.put(name, { name, poolId });

const createDomain = (cognito: Cognito, input: Input): unknown => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  const name = text(input, "Domain");
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) || /aws|amazon|cognito/.test(name))
    throw invalidParameter("1 validation error detected: Value at 'domain' failed to satisfy constraint.");
  if (cognito.domains.get(name) !== undefined)
    throw invalidParameter(`Domain already associated with another user pool.`);
  if (domainOf(cognito, pool.id) !== undefined) throw invalidParameter("User pool already has a domain configured.");
  putDomain(cognito, name, pool.id);
  return {};
};

/** The actions on the domains of the OAuth endpoints. */
export const domainActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  CreateUserPoolDomain: (input: Input) => createDomain(cognito, input),
  DescribeUserPoolDomain(input: Input) {
    const domain = cognito.domains.get(text(input, "Domain"));
    if (domain === undefined) return { DomainDescription: {} };
    const { name, poolId } = domain;
    return {
      DomainDescription: { Domain: name, UserPoolId: poolId, Status: "ACTIVE", AWSAccountId: cognito.host.account },
    };
  },
  DeleteUserPoolDomain(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const name = text(input, "Domain");
    if (cognito.domains.get(name)?.poolId !== pool.id) throw notFound(`Domain ${name} does not exist.`);
    cognito.domains.delete(name);
    return {};
  },
});
