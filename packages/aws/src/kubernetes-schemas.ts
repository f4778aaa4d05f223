import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { KubernetesObject } from "@tenantry/core/provisioning/namespace-objects";
import { Ajv, type ValidateFunction } from "ajv";
import schemas from "./kubernetes-schemas.json" with { type: "json" };

let ajv: Ajv | undefined;

const validatorOf = (kind: string): ValidateFunction | undefined => {
  ajv ??= new Ajv({ allErrors: true, allowUnionTypes: true, keywords: ["kinds"], schemas: [schemas] });
  return kind in schemas.kinds ? ajv.getSchema(`kubernetes#/kinds/${kind.replaceAll("/", "~1")}`) : undefined;
};

/**
 * Refuses a field that Kubernetes does not know, or of another type, before anything is sent. Custom kinds, such as
 * ServiceMonitor, are judged by the cluster alone.
 *
 * @throws ProvisioningError `ManifestInvalid`, which names every wrong field.
 */
export const assertKnownToKubernetes = (objects: readonly KubernetesObject[]): void => {
  const wrong = objects.flatMap((object) => {
    const validate = validatorOf(`${object.apiVersion}/${object.kind}`);
    const lawful: boolean = validate?.(object) ?? true;
    if (lawful || !validate) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${object.kind}/${object.metadata.name}${instancePath}: ${
          "additionalProperty" in params
            ? `unknown field ${String(params["additionalProperty"])}`
            : (message ?? "wrong")
        }`,
    );
  });
  if (wrong.length > 0) throw new ProvisioningError("ManifestInvalid", wrong.join("; "));
};
