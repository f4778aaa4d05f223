// SQL goes from a function to its database without passing the gateway. While somebody asks for it, the worker stops
// before each statement and before it takes the answer, so that the host can let a fault befall it there.
import tls from "node:tls";
import { parentPort } from "node:worker_threads";
import { cutOff, workOfThis } from "./invocations.mjs";

const GO = 1;
const CUT = 3;
const QUERY = 0x51; // Q
const PARSE = 0x50; // P
const READY = 0x5a; // Z

/** The statement that a message of PostgreSQL's protocol begins; undefined for all other messages. */
const statementIn = (chunk) => {
  if (!Buffer.isBuffer(chunk) || chunk.length < 6 || (chunk[0] !== QUERY && chunk[0] !== PARSE)) return undefined;
  if (chunk.readUInt32BE(1) > chunk.length - 1) return undefined;
  const start = chunk[0] === QUERY ? 5 : chunk.indexOf(0, 5) + 1;
  return chunk.toString("utf8", start, chunk.indexOf(0, start));
};

/** Whether the server has answered to the end. Bytes of an unfinished message are kept. */
const readyIn = (state, chunk) => {
  state.rest = state.rest.length === 0 ? chunk : Buffer.concat([state.rest, chunk]);
  let ready = false;
  while (state.rest.length >= 5) {
    const length = state.rest.readUInt32BE(1) + 1;
    if (state.rest.length < length) break;
    if (state.rest[0] === READY) ready = true;
    state.rest = state.rest.subarray(length);
  }
  return ready;
};

/** @param {{ watched: SharedArrayBuffer, verdict: SharedArrayBuffer }} shared */
export const watchStatements = (shared) => {
  const watched = new Int32Array(shared.watched);
  const verdict = new Int32Array(shared.verdict);
  const ask = (message) => {
    Atomics.store(verdict, 0, 0);
    parentPort.postMessage(message);
    Atomics.wait(verdict, 0, 0);
    const word = Atomics.load(verdict, 0);
    const work = workOfThis();
    if (word === CUT && work) cutOff(work);
    return word === GO;
  };
  const states = new WeakMap();
  // A worker with several connections has several statements on their way: each answer says whose it is.
  let count = 0;
  const breakOff = (socket) =>
    socket.destroy(Object.assign(new Error("read ECONNRESET (injected fault)"), { code: "ECONNRESET" }));

  // oxlint-disable-next-line typescript/unbound-method -- both are called on a socket below
  const { write, emit } = tls.TLSSocket.prototype;
  tls.TLSSocket.prototype.write = function (chunk, ...rest) {
    const statement = Atomics.load(watched, 0) === 1 ? statementIn(chunk) : undefined;
    const work = workOfThis();
    if (work?.cut) {
      this.destroy();
      return false;
    }
    if (statement === undefined) return write.call(this, chunk, ...rest);
    work?.sockets.add(this);
    const number = (count += 1);
    if (!ask({ type: "statement", number, statement })) {
      breakOff(this);
      return false;
    }
    states.set(this, { number, rest: Buffer.alloc(0) });
    return write.call(this, chunk, ...rest);
  };
  tls.TLSSocket.prototype.emit = function (event, ...values) {
    const state = event === "data" ? states.get(this) : undefined;
    if (state === undefined || !readyIn(state, values[0])) return emit.call(this, event, ...values);
    states.delete(this);
    if (ask({ type: "answered", number: state.number })) return emit.call(this, event, ...values);
    breakOff(this);
    return true;
  };
};
