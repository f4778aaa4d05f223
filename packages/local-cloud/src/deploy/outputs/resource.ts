import type { Derive } from "../derive.ts";
import type { Facts } from "../facts.ts";

/** A resource as the program registers it, before AWS has computed anything. */
export type Registered = {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- provider-defined shapes
  readonly inputs: Record<string, any>;
};

/** What one line of the table has at hand. */
export type Given = {
  readonly facts: Facts;
  /** The inputs. */
  // oxlint-disable-next-line typescript/no-explicit-any -- provider-defined shapes
  readonly i: Record<string, any>;
  /** The input `name`, or the name that the provider would make up from the logical one. */
  readonly name: string;
  readonly autoname: string;
  readonly from: Derive;
  /** An ARN in the deployment's region and account. */
  readonly arn: (service: string, rest: string) => string;
  /** An ARN of a service that knows no regions. */
  readonly globalArn: (service: string, rest: string) => string;
  /** The path of an API Gateway resource by its id. */
  readonly paths: Map<string, string>;
};

/** The provider's id and every attribute that it computes; attributes that merely echo an input need not stand here. */
export type Computed = { readonly id: string } & Readonly<Record<string, unknown>>;

/** Outputs by Pulumi type. */
export type OutputTable = Readonly<Record<string, (given: Given) => Computed>>;
