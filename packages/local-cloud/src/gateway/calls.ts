import type { Work } from "./workers.ts";

/** One call that a function made of a service, in the order in which the calls came in. */
export type Call = {
  readonly service: string;
  readonly action: string | null;
  readonly functionName: string;
  /** The invocation's request id. */
  readonly invocation: string;
  /** The invocation's payload, JSON. */
  readonly payload: string;
};

/** What functions call, written down while somebody asked for it. */
export type Calls = {
  readonly recording: boolean;
  start(): void;
  stop(): void;
  add(service: string, action: string | null, work: Work | undefined): void;
  /** The calls of invocations whose payload holds the text. */
  list(text: string): Call[];
};

const most = 50_000;

export const createCalls = (): Calls => {
  let calls: Call[] | undefined;
  return {
    get recording() {
      return calls !== undefined;
    },
    start: () => void (calls = []),
    stop: () => void (calls = undefined),
    add(service, action, work) {
      if (!calls || !work) return;
      const { functionName, id: invocation, payload } = work;
      calls.push({ service, action, functionName, invocation, payload });
      if (calls.length > most) calls.splice(0, most / 10);
    },
    list: (text) => (calls ?? []).filter(({ payload }) => payload.includes(text)),
  };
};
