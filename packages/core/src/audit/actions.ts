/**
 * What an action does, and so what its entries say:
 * - `makes`: there was nothing before;
 * - `changes`: before and after;
 * - `puts`: makes or changes, whichever it finds;
 * - `removes`: nothing is there after;
 * - `tells`: nothing changes that may be shown; after says what was handed out, denied or replaced in secret.
 */
export type AuditKind = "makes" | "changes" | "puts" | "removes" | "tells";

/** Every action that the trail knows. */
export const auditActions = {
  "access.deny": "tells",
  "api-key.create": "makes",
  "api-key.renew-secret": "tells",
  "api-key.revoke": "changes",
  "api-key.rotate": "changes",
  "billing-account.put": "puts",
  "entitlements.put": "changes",
  "entitlements.watch": "changes",
  "impersonation.start": "makes",
  "impersonation.end": "changes",
  "invoice.finalize": "makes",
  "meter.put": "puts",
  "operation.cancel": "changes",
  "operation.compensate": "changes",
  "operation.retry": "changes",
  "plan.put": "changes",
  "quarantine.redrive": "changes",
  "role.delete": "removes",
  "role.put": "puts",
  "session.end": "removes",
  "session.end-all": "removes",
  "session.switch": "changes",
  "sso.delete": "removes",
  "sso.put": "puts",
  "tenant.activate": "changes",
  "tenant.begin_compensation": "changes",
  "tenant.create-storage-credentials": "tells",
  "tenant.fail_compensation": "changes",
  "tenant.fail_onboarding": "changes",
  "tenant.register": "makes",
  "tenant.withdraw": "removes",
  "usage.adjust": "makes",
  "usage.void": "makes",
  "user.accept": "changes",
  "user.change": "changes",
  "user.invite": "puts",
  "user.join": "makes",
  "user.remove": "removes",
  "webhook.create": "makes",
  "webhook.delete": "removes",
  "webhook.disable": "changes",
  "webhook.enable": "changes",
  "webhook.redeliver": "changes",
  "webhook.rotate-secret": "tells",
} as const satisfies Record<string, AuditKind>;

export type AuditAction = keyof typeof auditActions;

type Nothing = null | undefined;

/** The states that an entry of each kind must have, and may not. */
type States = {
  makes: { readonly before?: null; readonly after: object };
  changes: { readonly before: object; readonly after: object };
  puts: { readonly before: object | Nothing; readonly after: object };
  removes: { readonly before: object; readonly after?: null };
  tells: { readonly before?: null; readonly after: object };
};

/** A change as the trail is to tell it: one without what its action must say of before and after does not compile. */
export type AuditedChange = {
  [Action in AuditAction]: {
    readonly action: Action;
    readonly tenantId: string;
  } & States[(typeof auditActions)[Action]];
}[AuditAction];
