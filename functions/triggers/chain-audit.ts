import { auditChain } from "@tenantry/aws/audit-chain";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { inOrder } from "@tenantry/lambda/change-stream";

const link = auditChain(documents(), setting("CONTROL_TABLE"));

export const handler = inOrder("chain-audit", async ({ dynamodb }) => {
  const { id, tenant_id: tenant } = dynamodb?.NewImage ?? {};
  const { seq } = await link({ id: id?.S ?? "", tenant_id: tenant?.S ?? "" });
  return { entry: id?.S, tenant_id: tenant?.S, seq };
});
