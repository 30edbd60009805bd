/** Server processes to measure, and the load on them. */
import { fork, type ChildProcess } from "node:child_process";
import autocannon from "autocannon";

export interface Figure {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

interface Load {
  headers: Record<string, string>;
  body: string;
  seconds: number;
  connections: number;
}

/** POSTs the same request again and again. @throws Error when any answer is not a success: the figure would mean nothing. */
export async function measure(url: string, { headers, body, seconds, connections }: Load): Promise<Figure> {
  const result = await autocannon({ url, method: "POST", headers, body, connections, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} refusals and ${result.errors} errors; the figure would mean nothing`);
  }
  return { requestsPerSecond: result.requests.average, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}

/** Resolves once the process says on which port it is ready. */
export function start(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(file, args, { env });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended with code ${code}`)));
    child.on("message", (message: { type?: string; port?: number }) => {
      if (message.type === "ready" && message.port !== undefined) {
        resolve({ child, port: message.port });
      }
    });
  });
}

export function stop(child: ChildProcess): Promise<unknown> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return ended;
}
