/** HTTP as bytes on a socket, for what no client library would send, from any of this machine's loopback addresses. */
import { connect, type Socket } from "node:net";

export interface RawAnswer {
  /** Of the first response; 0 when the connection was closed without one. */
  status: number;
  headers: Record<string, string>;
  /** Of the first response. */
  body: string;
  /** Everything that came. */
  text: string;
}

interface Target {
  port: number;
  host?: string;
  /** Source address, such as 127.0.3.1. */
  from?: string;
}

/** An open connection. A reset is an end like any other. */
export async function openSocket({ port, host = "127.0.0.1", from }: Target): Promise<Socket> {
  const socket = connect({ port, host, ...(from === undefined ? {} : { localAddress: from }) });
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  return socket;
}

/** Sends `bytes` and resolves with what came back once the server has closed the connection. */
export async function sendRaw(target: Target, bytes: string): Promise<RawAnswer> {
  const socket = await openSocket(target);
  socket.write(bytes, "latin1");
  return readAnswer(socket);
}

/** Resolves once the server has closed the connection. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = "";
    const finish = (): void => resolve(parseAnswer(text));
    if (socket.closed) {
      finish();
    }
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.once("close", finish);
  });
}

/** Sends a request on a connection that stays open, and resolves with its answer. The answer must say its length. */
export async function ask(socket: Socket, path: string, more = ""): Promise<RawAnswer> {
  let text = "";
  const whole = new Promise<RawAnswer>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const answer = parseAnswer(text);
      if (answer.status > 0 && answer.body.length >= Number(answer.headers["content-length"])) {
        socket.off("data", onData);
        resolve(answer);
      }
    };
    socket.on("data", onData);
    socket.once("close", () => reject(new Error(`closed after: ${text}`)));
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
  return whole;
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) {
    return { status: 0, headers: {}, body: "", text };
  }
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const rest = text.slice(end + 4);
  const length = Number(headers["content-length"] ?? rest.length);
  return { status: Number(first.split(" ")[1]), headers, body: rest.slice(0, length), text };
}
