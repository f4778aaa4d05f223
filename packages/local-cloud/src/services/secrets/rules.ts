import { AwsError } from "../../gateway/service.ts";
import { type Input, optionalNumber, optionalText, record } from "../input.ts";
import { parseSchedule } from "../schedule.ts";
import type { Rotation } from "./secret.ts";

type Rules = Rotation["rules"];

const DAY = 86_400;
const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/** RotationRules as RotateSecret takes them; undefined when there are none. */
export const rulesOf = (input: Input): Rules | undefined => {
  if (input["RotationRules"] === undefined || input["RotationRules"] === null) return undefined;
  const rules = record(input, "RotationRules");
  const days = optionalNumber(rules, "AutomaticallyAfterDays");
  const schedule = optionalText(rules, "ScheduleExpression");
  const duration = optionalText(rules, "Duration");
  if ((days === undefined) === (schedule === undefined))
    throw invalid("You must specify either AutomaticallyAfterDays or ScheduleExpression in RotationRules, not both.");
  if (days !== undefined && (!Number.isInteger(days) || days < 1 || days > 1000))
    throw invalid("The AutomaticallyAfterDays value must be between 1 and 1000 (inclusive).");
  if (duration !== undefined && !/^[0-9]{1,2}h$/.test(duration)) throw invalid("The Duration value is not valid.");
  if (schedule !== undefined) checkSchedule(schedule);
  return {
    ...(days === undefined ? {} : { AutomaticallyAfterDays: days }),
    ...(schedule === undefined ? {} : { ScheduleExpression: schedule }),
    ...(duration === undefined ? {} : { Duration: duration }),
  };
};

/** At most every four hours: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html */
const checkSchedule = (schedule: string): void => {
  try {
    if (!/^(rate|cron)\(/.test(schedule)) throw new Error("It is neither a rate nor a cron expression.");
    parseSchedule(schedule);
  } catch {
    throw invalid(`The ScheduleExpression ${schedule} is not valid.`);
  }
  if (/^rate\(.*minute/.test(schedule) || /^rate\([1-3] hours?\)$/.test(schedule))
    throw invalid("The rotation rate must be at least 4 hours.");
};

/** When a secret is rotated next after an instant, in seconds since 1970; undefined: never. */
export const nextRotation = (rules: Rules, after: number): number | undefined => {
  if (rules.AutomaticallyAfterDays !== undefined) return after + rules.AutomaticallyAfterDays * DAY;
  if (rules.ScheduleExpression === undefined) return undefined;
  const next = parseSchedule(rules.ScheduleExpression)(after * 1000);
  return next === null ? undefined : next / 1000;
};
