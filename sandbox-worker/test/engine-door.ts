/** Makes a service behind a socket (the engine, unless another one is named) come and go without touching it, or stands in between. */
import { createServer, connect, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import type { ContainerCreateOptions } from "dockerode";

interface DoorOptions {
  /** Socket behind it. */
  to?: string;
  /** What a man in the middle makes of each request for a container. */
  meddle?: (body: ContainerCreateOptions) => object;
}

/** A way to the real engine that can be shut: from the worker's side the engine is gone. */
export class EngineDoor {
  readonly path: string;
  readonly #sockets = new Set<Socket>();
  /** First line of the last request of each connection. */
  readonly #asked = new Map<Socket, string>();
  readonly #options: DoorOptions;
  #server: Server | null = null;

  constructor(path: string, options: DoorOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  async open(): Promise<void> {
    const { to = "/var/run/docker.sock", meddle } = this.#options;
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: to, allowHalfOpen: true });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#sockets.delete(socket));
      }
      near.on("data", (chunk: Buffer) => this.#asked.set(near, chunk.toString("latin1").split("\r\n", 1)[0] ?? ""));
      near.on("close", () => {
        this.#asked.delete(near);
        far.destroy();
      });
      const middle = meddle === undefined ? near : near.pipe(rewriter(meddle));
      middle.pipe(far).pipe(near);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
  }

  /** Breaks the connections on which that path was asked for; others can be made at once. */
  cut(path: string): void {
    [...this.#asked].filter(([, asked]) => asked.includes(path)).forEach(([socket]) => socket.destroy());
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}

/** Requests follow each other on a connection, and each begins a chunk; one that makes a container is held back until it is whole. */
function rewriter(meddle: (body: ContainerCreateOptions) => object): Transform {
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (held.length === 0 && !chunk.subarray(0, 23).equals(Buffer.from("POST /containers/create"))) {
        done(null, chunk);
        return;
      }
      held = Buffer.concat([held, chunk]);
      const end = held.indexOf("\r\n\r\n");
      const head = held.subarray(0, end).toString();
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (end === -1 || held.length < end + 4 + length) {
        done();
        return;
      }
      const asked = JSON.parse(held.subarray(end + 4).toString()) as ContainerCreateOptions;
      const body = JSON.stringify(meddle(asked));
      held = Buffer.alloc(0);
      done(
        null,
        `${head.replace(/content-length: \d+/i, `Content-Length: ${Buffer.byteLength(body)}`)}\r\n\r\n${body}`,
      );
    },
  });
}
