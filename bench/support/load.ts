/** Server processes to measure, and the load on them. */
import { fork, type ChildProcess } from "node:child_process";
import autocannon from "autocannon";
import { Agent, request } from "undici";

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

/** Resolves once the process says on which port it is ready. @param flags of Node, as the product starts itself with */
export function start(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(file, args, { env, execArgv: [...flags] });
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

/** Milliseconds of `count` calls, one after the other on one connection; the first tenth is not counted. */
export async function latencies(
  url: string,
  { headers, body, count }: Pick<Load, "headers" | "body"> & { count: number },
): Promise<number[]> {
  const dispatcher = new Agent({ connections: 1 });
  const taken: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const started = performance.now();
    const answer = await request(url, { method: "POST", headers, body, dispatcher });
    await answer.body.text();
    if (answer.statusCode !== 200) {
      throw new Error(`${url} answered ${answer.statusCode}; the figure would mean nothing`);
    }
    taken.push(performance.now() - started);
  }
  await dispatcher.close();
  return taken.slice(Math.floor(count / 10));
}

/** `count` streams, `atOnce` of them at a time: how long the first piece took (milliseconds), and how many came to their end. */
export async function streams(
  url: string,
  { headers, body, atOnce, count }: Pick<Load, "headers" | "body"> & { atOnce: number; count: number },
): Promise<{ firstMs: number[]; whole: number }> {
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const firstMs: number[] = [];
  let whole = 0;
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      let last = "";
      try {
        const answer = await request(url, { method: "POST", headers, body, dispatcher });
        for await (const piece of answer.body as AsyncIterable<Buffer>) {
          if (last === "") {
            firstMs.push(performance.now() - started);
          }
          last = piece.toString();
        }
      } catch {
        // A stream that breaks off is one that is lost.
        last = "";
      }
      whole += last.endsWith("data: [DONE]\n\n") ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await dispatcher.close();
  return { firstMs, whole };
}
