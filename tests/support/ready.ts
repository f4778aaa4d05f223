import { inject } from "vitest";
import type { Ready } from "./app.ts";

declare module "vitest" {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- module augmentation needs an interface
  export interface ProvidedContext {
    ready: Ready;
  }
}

/** The deployed cloud that all tests of the `cloud` project share. */
export const ready = (): Ready => inject("ready");
