import { connect } from "node:net";

// oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came back
export type RawAnswer = { readonly status: number; readonly head: string; readonly text: string; readonly body: any };

/** Sends exactly these lines of a request's head, which no client of HTTP would, and reads the answer to its end. */
export const rawRequest = (url: string, target: string, lines: readonly string[], method = "GET"): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port, host } = new URL(url);
    let answer = "";
    const socket = connect(Number(port), hostname, () => {
      const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...lines];
      socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "utf8"));
    });
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
    // Whoever refuses a head before it is over may close while the rest still comes.
    socket.on("error", (error) => (answer === "" ? reject(error) : undefined));
    socket.on("close", () => {
      const end = answer.indexOf("\r\n\r\n");
      const [head, text] = [answer.slice(0, end), answer.slice(end + 4)];
      let body: unknown = text;
      try {
        body = JSON.parse(text);
      } catch {
        // not JSON: the text stands for itself
      }
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head: head.toLowerCase(), text, body });
    });
  });
