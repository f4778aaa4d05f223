import { quotaLimits } from "@tenantry/core/tenant/limits";

/** What differs between deployments. Read here and nowhere else in the stacks. */
const required = (name: string, what: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}, ${what}, in the environment or in the file .env.${$app.stage}.`);
  return value;
};

/** Production keeps its data: retained on removal, deletion-protected, backed up for longer. */
export const production = $app.stage === "production";

/** The first platform admin. Cognito sends the invitation there. */
export const adminEmail = required("PLATFORM_ADMIN_EMAIL", "the first platform admin's e-mail address");

/** The sender of welcome mails: an address that SES has verified, or will ask you to verify. */
export const mailSender = required("MAIL_SENDER", "the address that welcome mails come from");

const namespaceDriver = process.env.NAMESPACE_DRIVER || "direct";
if (namespaceDriver !== "direct" && namespaceDriver !== "gitops")
  throw new Error(`NAMESPACE_DRIVER is direct or gitops, not ${namespaceDriver}.`);

/** The git repository that Argo CD makes tenants' namespaces from; undefined where the platform applies them itself. */
export const gitops =
  namespaceDriver === "gitops"
    ? {
        repository: required("GITOPS_REPOSITORY", "the https address of the repository that Argo CD watches"),
        branch: process.env.GITOPS_BRANCH || "main",
        secretArn: required("GITOPS_SECRET", "the ARN of the secret with the repository's username and password"),
      }
    : undefined;

/**
 * Hosts, as `name` or `name:port` separated by commas, that webhooks may have on private addresses and over plain HTTP.
 * Everything else must be https on a public address.
 */
export const webhookAllowedHosts = process.env.WEBHOOK_ALLOWED_HOSTS ?? "";

/**
 * Hosts, as `name` or `name:port` separated by commas, that tenants' identity providers may have on private addresses and
 * over plain HTTP. Cognito itself takes neither: this is for the embedded cloud.
 */
export const ssoAllowedHosts = process.env.SSO_ALLOWED_HOSTS ?? "";

/**
 * Where usage is exported to each hour, as JSON (docs/billing.md); nowhere unless set:
 * `{"stripe": {"secret_arn": "…", "meters": {"api_calls": {"name": "api_calls", "per": "1000"}}}}`.
 */
export const billingExports = process.env.BILLING_EXPORTS || undefined;

/** An address that is mailed when an alarm is raised or over; nobody is unless set. */
export const alarmEmail = process.env.ALARM_EMAIL || undefined;

/** How many days after its end a month stays open for usage that comes late, before it is finalized; 27 at most. */
export const billingGraceDays = process.env.BILLING_GRACE_DAYS || "3";

/**
 * What AWS grants this account beyond its default quotas, and how many tenants of a tier there may be, as JSON:
 * `{"db_clusters": 100, "premium_tenants": 60}`. The names and defaults are in packages/core/src/tenant/quota.ts.
 */
export const tenantLimits = process.env.TENANT_LIMITS || "{}";
try {
  quotaLimits(tenantLimits);
} catch (error) {
  throw new Error(`TENANT_LIMITS does not hold limits: ${String(error)}`, { cause: error });
}

/** How many days the password of a tenant's database login is current, 1 to 1000. It is refused after twice as many. */
export const rotationDays = process.env.ROTATION_DAYS || "30";
if (!/^[1-9]\d{0,2}$|^1000$/.test(rotationDays)) throw new Error(`ROTATION_DAYS is 1 to 1000, not ${rotationDays}.`);

const seconds = (name: string, most: number): number => {
  const value = Number(process.env[name] || most);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`${name} is a whole number of seconds from 1 to ${most}, not ${process.env[name]}.`);
  return value;
};

/**
 * How long one attempt of an onboarding's task may take. What an attempt that was killed may still do is waited for as
 * long, so a stage on which tasks are killed by the thousand gives them less.
 */
export const taskSeconds = seconds("TASK_SECONDS", 60);

/** The longest wait before a task is tried again. */
export const longestRetryDelay = seconds("LONGEST_RETRY_DELAY", 30);
