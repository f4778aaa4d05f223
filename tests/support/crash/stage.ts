/**
 * Settings for the stage on which tasks are killed by the thousand: an attempt that was killed counts as at work until
 * its time is up, and a stage that gives it less has less to wait for. To be called before the app is started.
 */
export const impatient = (): void => {
  process.env["TASK_SECONDS"] ??= "20";
  process.env["LONGEST_RETRY_DELAY"] ??= "2";
  // More silos are made here in an hour than a region may have.
  process.env["TENANT_LIMITS"] ??= '{"db_clusters":100000,"user_pools":100000}';
};
