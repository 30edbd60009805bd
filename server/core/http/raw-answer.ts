/** An HTTP answer on a bare socket, for requests that have no response object: upgrades. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

interface RawAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** Milliseconds the other end has to read the answer and close; closing at once would reset the connection under it. */
const LINGER_MS = 500;

/** Writes the answer and ends the connection. What still arrives is dropped unread. */
export function endWithAnswer(socket: Duplex, { status, headers, body }: RawAnswer): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
}
