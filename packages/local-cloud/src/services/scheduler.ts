import { ofType } from "../deploy/graph.ts";
import { createDeliveries } from "../lambda/deliveries.ts";
import type { PartFactory } from "../part.ts";
import { checkTarget, deliver, inputOf, type Target } from "./events-target.ts";
import { type Appointment, createTimetable } from "./timetable.ts";

/** EventBridge Scheduler: the graph's schedules (what `sst.aws.Cron` makes) run their functions. */
export const schedulerPart: PartFactory = async (host) => {
  const deliveries = createDeliveries(host, "scheduler.deliveries");
  const timetable = createTimetable(host, "scheduler.schedules");
  return {
    name: "scheduler",
    types: ["aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup"],
    async apply(graph) {
      const schedules = ofType(graph, "aws:scheduler/schedule:Schedule");
      const appointments = schedules.flatMap(({ name: logical, id, inputs, outputs }): Appointment[] => {
        const target = inputs["target"] as Target;
        checkTarget(target, logical);
        if (inputs["state"] === "DISABLED") return [];
        const timezone: unknown = inputs["scheduleExpressionTimezone"];
        const run = (): void => {
          const time = `${new Date().toISOString().slice(0, 19)}Z`;
          const input = target.input?.replaceAll("<aws.scheduler.scheduled-time>", time);
          deliver(deliveries, target, inputOf({ ...target, input: input ?? "{}" }, {}));
        };
        return [
          {
            name: String(outputs["name"] ?? inputs["name"] ?? id),
            expression: String(inputs["scheduleExpression"]),
            ...(typeof timezone === "string" ? { timezone } : {}),
            run,
          },
        ];
      });
      timetable.set(appointments);
    },
    async start() {
      deliveries.resume();
      timetable.start();
    },
    async close() {
      timetable.close();
      deliveries.close();
    },
  };
};
