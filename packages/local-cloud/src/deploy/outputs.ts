import { derive } from "./derive.ts";
import type { Facts } from "./facts.ts";
import { apiOutputs } from "./outputs/api.ts";
import { dataOutputs } from "./outputs/data.ts";
import { functionOutputs } from "./outputs/functions.ts";
import { generatedOutputs } from "./outputs/generated.ts";
import { identityOutputs } from "./outputs/identity.ts";
import { networkOutputs } from "./outputs/network.ts";
import { observabilityOutputs } from "./outputs/observability.ts";
import type { OutputTable, Registered } from "./outputs/resource.ts";
import { socketOutputs } from "./outputs/websocket.ts";

const table: OutputTable = {
  ...apiOutputs,
  ...dataOutputs,
  ...functionOutputs,
  ...generatedOutputs,
  ...identityOutputs,
  ...networkOutputs,
  ...observabilityOutputs,
  ...socketOutputs,
};

// Providers carry settings and Pulumi's dynamic resources carry code; AWS computes nothing for either.
const withoutOutputs = (type: string): boolean =>
  type.startsWith("pulumi:providers:") || type.startsWith("pulumi-nodejs:");

/**
 * What AWS would have computed for the resources of one deployment: ids, ARNs, addresses, generated secrets.
 * @throws Error for a type that the table does not know: a wrong ARN would come up far away, in a function.
 */
export const computeOutputs = (facts: Facts) => {
  const paths = new Map<string, string>();
  return (resource: Registered): { id: string; state: Record<string, unknown> } => {
    const from = derive(facts.seed, resource.urn);
    if (withoutOutputs(resource.type)) return { id: from.uuid("id"), state: resource.inputs };
    const compute = Object.hasOwn(table, resource.type) ? table[resource.type] : undefined;
    if (compute === undefined) {
      throw new Error(
        `The embedded cloud does not know what AWS computes for ${resource.type} (resource ${resource.name}).`,
      );
    }
    const autoname = `${resource.name}-${from.hex("name", 7)}`;
    const arn = (service: string, rest: string) => `arn:aws:${service}:${facts.region}:${facts.account}:${rest}`;
    const globalArn = (service: string, rest: string) => `arn:aws:${service}::${facts.account}:${rest}`;
    const name = String(resource.inputs["name"] ?? autoname);
    const { id, ...computed } = compute({ facts, i: resource.inputs, name, autoname, from, arn, globalArn, paths });
    const region = resource.type.startsWith("aws:") ? { region: facts.region } : {};
    const tags = resource.inputs["tags"];
    return { id, state: { ...region, ...resource.inputs, ...(tags ? { tagsAll: tags } : {}), ...computed } };
  };
};
