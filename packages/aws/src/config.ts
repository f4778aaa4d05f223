/**
 * The deployment's settings, as the stacks write them into each function's environment. The only file that reads
 * `process.env`. Names and addresses only: secrets are fetched from Secrets Manager by their ARN.
 */
export type Setting =
  | "AWS_REGION"
  /** An endpoint for every service, as all AWS SDKs understand it. */
  | "AWS_ENDPOINT_URL"
  | "AWS_ACCESS_KEY_ID"
  | "AWS_SECRET_ACCESS_KEY"
  | "AWS_SESSION_TOKEN"
  | "CONTROL_TABLE"
  | "USAGE_TABLE"
  | "USAGE_STREAM"
  | "USAGE_BUCKET"
  | "QUARANTINE_TABLE"
  | "REBUILD_STATE_MACHINE"
  | "TENANT_BUCKET"
  /** How the names of tenants' own keys begin: `alias/<app>/<stage>/`. */
  | "TENANT_KEY_ALIAS"
  /** The role whose sessions, tagged with a tenant, reach that tenant's folder. */
  | "TENANT_DATA_ROLE"
  /** How the names of tenants' own user pools begin: `<app>-<stage>-`. */
  | "TENANT_POOL_NAME"
  /** The WebSocket API's id and stage, as its addresses are made of them. */
  | "TASK_STATUS_API"
  | "TASK_STATUS_STAGE"
  | "USAGE_PLANS"
  | "PLATFORM_USAGE_KEY"
  | "SHARED_USAGE_KEY"
  | "USER_POOL_ID"
  | "USER_POOL_CLIENT_ID"
  /** The client through which staff sign in to act for a user. */
  | "IMPERSONATION_CLIENT_ID"
  | "EVENT_BUS"
  | "ONBOARDING_STATE_MACHINE"
  | "COMPENSATION_STATE_MACHINE"
  /** Quotas that differ from AWS's defaults, and limits of tenants by tier: `{"db_clusters": 100, "premium_tenants": 60}`. */
  | "TENANT_LIMITS"
  | "DATABASE_HOST"
  | "DATABASE_PORT"
  | "DATABASE_SECRET"
  /** How tenants' own clusters are made: `SiloSettings` as JSON. */
  | "SILO_CLUSTERS"
  /** Under which name tenants' secrets lie in Secrets Manager: `<app>/<stage>/tenants`. */
  | "TENANT_SECRETS"
  /** The function that rotates logins to databases, and how many days a password is current. */
  | "ROTATION_FUNCTION"
  | "ROTATION_DAYS"
  | "CLUSTER_NAME"
  | "CLUSTER_ENDPOINT"
  | "CLUSTER_CA"
  /** The role that tenants' pods are given. */
  | "TENANT_POD_ROLE"
  /** `direct` applies a tenant's objects to the cluster; `gitops` commits them to a repository. */
  | "NAMESPACE_DRIVER"
  | "GITOPS_REPOSITORY"
  | "GITOPS_BRANCH"
  | "GITOPS_SECRET"
  | "MAIL_SENDER"
  | "MAIL_TEMPLATE"
  | "WEBHOOK_QUEUE"
  /** Under which name webhooks' secrets lie in Secrets Manager: `<app>/<stage>/webhooks`. */
  | "WEBHOOK_SECRETS"
  /** Hosts that webhooks may have on private addresses and over plain HTTP, separated by commas. */
  | "WEBHOOK_ALLOWED_HOSTS"
  /** Hosts that tenants' identity providers may have on private addresses and over plain HTTP, separated by commas. */
  | "SSO_ALLOWED_HOSTS"
  /** The KMS key under which the answers to repeated requests are kept. */
  | "ANSWER_KEY"
  /** Where usage is exported to: `ExportSettings` as JSON. */
  | "BILLING_EXPORTS"
  /** Days after its end for which a month stays open. */
  | "BILLING_GRACE_DAYS"
  | "CURSOR_SECRET"
  | "AUDIT_BUCKET"
  /** The KMS key that signs the audit trail's checkpoints. */
  | "AUDIT_KEY";

/** @throws Error that names the setting when the stack did not provide it. */
export const setting = (name: Setting): string => {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`The setting ${name} is missing from the environment.`);
  return value;
};

export const optionalSetting = (name: Setting): string | undefined => process.env[name] || undefined;
