import { define, none } from "./define.ts";
import { UsageEventAnswers, usageEventsContent, UsageEventsBody } from "./schemas/usage-event.ts";

/** Events come in here from whoever has no AWS credentials. */
export const intakeOperations = {
  submitUsageEvents: define("submitUsageEvents", {
    tag: "Usage",
    summary: "Send usage events",
    description:
      "Takes one usage event, or up to 1,000, plain or as CloudEvents 1.0 (structured and batch mode). Each is judged by " +
      "itself: the answer tells what became of it. A single event that is refused is a problem. What is accepted counts " +
      "within seconds.",
    params: none,
    query: none,
    body: UsageEventsBody,
    content: usageEventsContent,
    maxBodyBytes: 2 * 1024 * 1024,
    numbersAsWritten: ["value"],
    success: {
      status: 200,
      description: "What became of each event.",
      contentType: "application/json",
      body: UsageEventAnswers,
    },
    problems: ["invalid-usage-event", "unavailable"],
  }),
} as const;
