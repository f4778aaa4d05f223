import { createMeter } from "@tenantry/meter/meter";
import express from "express";

const meter = createMeter({
  stream: process.env["USAGE_STREAM"] ?? "",
  signals: ["SIGTERM", "SIGINT"],
  onDrop: ({ reason, detail, usage }) => console.error("usage dropped", reason, detail, usage),
  onError: (error) => console.warn("usage is sent again", error),
});

const app = express();

app.get("/reports/:tenant", (request, response) => {
  meter.record({
    tenant_id: request.params.tenant,
    metric: "api_calls",
    value: 1,
    dimensions: { route: "/reports/:tenant" },
  });
  response.json({ report: "…" });
});

const server = app.listen(Number(process.env["PORT"] ?? 3000), () => console.log("listening", server.address()));

// The server finishes its requests; what they record is delivered before the process ends.
process.once("SIGTERM", () => server.close());
