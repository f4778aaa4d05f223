import { z } from "zod";
import { SsoSettings } from "../sso/settings.ts";

/** An app client of a tenant's own, in its own user pool or in the shared one. Its tokens speak for that tenant only. */
export const Issuer = z.strictObject({
  user_pool_id: z.string(),
  client_id: z.string(),
  tenant_id: z.string(),
  /** The tenant's own identity provider, where it has one. It goes with the issuer. */
  sso: SsoSettings.optional(),
});
export type Issuer = Readonly<z.infer<typeof Issuer>>;

/** Whose tokens the API accepts besides those of the platform's own client. */
export interface Issuers {
  /** Idempotent. */
  register(issuer: Issuer): Promise<void>;
  /** Idempotent. */
  remove(issuer: Pick<Issuer, "user_pool_id" | "client_id">): Promise<void>;
  /** A tenant's issuers. One of the last second may be missing. */
  of(tenantId: string): Promise<readonly Issuer[]>;
}
