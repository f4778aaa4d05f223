// kinesalite in a thread of its own: it throws its errors at the process, and must not take the cloud with it.
// Plain JavaScript, as it has no types.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

const kinesalite = createRequire(import.meta.url)("kinesalite");
const server = kinesalite({
  path: workerData.path,
  createStreamMs: 0,
  deleteStreamMs: 0,
  updateStreamMs: 0,
  shardLimit: 10_000,
});
server.keepAliveTimeout = 60_000;
server.on("error", (error) => {
  throw error;
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage({ port: server.address().port }));
parentPort.on("message", () => {
  server.close(() => parentPort.postMessage({ closed: true }));
  server.closeAllConnections();
});
