import { inject } from "vitest";
import type { Ready } from "./app.ts";

declare module "vitest" {
  export interface ProvidedContext {
    ready: Ready;
  }
}

/** The deployed cloud that all tests of the `cloud` project share. */
export const ready = (): Ready => inject("ready");
