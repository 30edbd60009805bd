/** A delivery as anybody could send it: any bytes, any headers, from any address of loopback. */
import { connect } from "node:net";
import { Agent, request } from "undici";

export interface Posted {
  status: number;
  text: string;
  requestId: string;
}

/** @param from failures are counted for each address, so that a test which makes many takes one of its own */
export async function postHook(
  url: string,
  body: string | Buffer,
  headers: Record<string, string>,
  from = "127.0.0.1",
): Promise<Posted> {
  const agent = new Agent({ localAddress: from });
  try {
    const answer = await request(url, { dispatcher: agent, method: "POST", body, headers });
    const text = await answer.body.text();
    return { status: answer.statusCode, text, requestId: String(answer.headers["x-request-id"]) };
  } finally {
    await agent.close();
  }
}

/** The first line of the answer to a body that is announced whole and comes a byte at a time. */
export async function dripHook(url: string, headers: Record<string, string>): Promise<string> {
  const { port, pathname, host } = new URL(url);
  const socket = connect({ port: Number(port), host: "127.0.0.1" });
  socket.on("error", () => undefined);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${lines.join("")}content-length: 1000\r\n\r\n`);
  const drip = setInterval(() => socket.write("x"), 500);
  const head = await new Promise<string>((resolve) => {
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    socket.once("close", () => resolve(""));
  });
  clearInterval(drip);
  socket.destroy();
  return head.split("\r\n", 1)[0] ?? "";
}
