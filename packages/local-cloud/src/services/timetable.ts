import type { Host } from "../part.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";

export type Appointment = {
  readonly name: string;
  readonly expression: string;
  readonly timezone?: string;
  run(): void;
};

/** A timer cannot wait for more than 24.8 days: longer waits are made of shorter ones. */
const LONGEST = 2 ** 31 - 1;

/** Runs appointments when they are due. Rates go on counting from the last run, also across restarts. */
export const createTimetable = (host: Pick<Host, "store" | "log">, name: string) => {
  const lastRuns = host.store.collection<{ readonly at: number }>(name);
  const timers = new Map<string, NodeJS.Timeout>();
  let appointments: { readonly appointment: Appointment; readonly schedule: Schedule }[] = [];
  let started = false;

  const arm = (appointment: Appointment, schedule: Schedule, from: number): void => {
    const now = Date.now();
    const next = schedule(from);
    if (next === null) return;
    const wait = Math.min(Math.max(next - now, 0), LONGEST);
    const timer = setTimeout(() => {
      if (wait === LONGEST) {
        arm(appointment, schedule, from);
        return;
      }
      const at = Date.now();
      lastRuns.put(appointment.name, { at });
      try {
        appointment.run();
      } catch (error) {
        host.log(`schedule ${appointment.name}: ${String(error)}`);
      }
      arm(appointment, schedule, at);
    }, wait);
    timer.unref();
    timers.set(appointment.name, timer);
  };
  const stop = (): void => {
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
  };
  const run = (): void => {
    stop();
    for (const { appointment, schedule } of appointments) {
      const rate = appointment.expression.startsWith("rate(");
      const last = rate ? lastRuns.get(appointment.name)?.at : undefined;
      // A rate begins to count with its deployment, so that the first run is one period from now.
      if (rate && last === undefined) lastRuns.put(appointment.name, { at: Date.now() });
      arm(appointment, schedule, last ?? Date.now());
    }
  };
  return {
    /** Replaces all appointments. @throws Error when an expression is none. */
    set(wanted: readonly Appointment[]): void {
      appointments = wanted.map((appointment) => ({
        appointment,
        schedule: parseSchedule(appointment.expression, appointment.timezone),
      }));
      if (started) run();
    },
    start(): void {
      started = true;
      run();
    },
    close: stop,
  };
};
