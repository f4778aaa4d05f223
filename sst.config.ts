/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app(input) {
    const production = input?.stage === "production";
    return {
      name: "tenantry",
      home: "aws",
      removal: production ? "retain" : "remove",
      protect: production,
      providers: {
        aws: { version: "7.20.0", region: (process.env.AWS_REGION ?? "us-east-1") as "us-east-1" },
        random: "4.16.6",
      },
    };
  },
  async run() {
    await import("./stacks/functions");
    const { pool, client } = await import("./stacks/identity");
    const { usageStream } = await import("./stacks/metering");
    const { rebuilding } = await import("./stacks/rebuilding");
    await import("./stacks/events");
    await import("./stacks/audit");
    await import("./stacks/onboarding");
    await import("./stacks/settling");
    await import("./stacks/billing");
    await import("./stacks/entitlements");
    const { api } = await import("./stacks/api");
    await import("./stacks/usage-plans");
    await import("./stacks/api-calls");
    await import("./stacks/storage-sampling");
    const { taskStatus } = await import("./stacks/websocket");
    await import("./stacks/firewall");
    return {
      api: api.nodes.stage!.invokeUrl,
      userPool: pool.id,
      userPoolClient: client.id,
      usageStream: usageStream.name,
      rebuildUsage: rebuilding.arn,
      taskStatus: taskStatus.url,
    };
  },
});
