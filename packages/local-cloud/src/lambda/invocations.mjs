// Which invocation code runs for, so that one can be cut off where it is while its worker lives on: as if the worker had
// died, and the next invocation came to another that is as warm. Nothing it would do from then on reaches anybody.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";

/** @typedef {{ cut: boolean, sockets: Set<import("node:tls").TLSSocket> }} Work */

/** @type {AsyncLocalStorage<Work>} */
const works = new AsyncLocalStorage();

/** The work that this code is part of; undefined outside of invocations. */
export const workOfThis = () => works.getStore();

/** @template T @param {Work} work @param {() => T} code @returns {T} */
export const runFor = (work, code) => works.run(work, code);

/** A connection to a database is its invocation's own and ends with it, and with it what it has locked or begun. */
export const cutOff = (work) => {
  work.cut = true;
  for (const socket of work.sockets) socket.destroy();
};

// An import of node:http as a module of ES would load all that it exports, which takes a tenth of a cold start.
const { ClientRequest } = createRequire(import.meta.url)("node:http");
const { end } = ClientRequest.prototype;
ClientRequest.prototype.end = function (...values) {
  if (works.getStore()?.cut !== true) return end.apply(this, values);
  // It is never sent, and whoever waits for its answer waits for good.
  this.removeAllListeners().on("error", () => {});
  this.destroy();
  return this;
};
