/** Makes the engine come and go without touching it. */
import { createServer, connect, type Server, type Socket } from "node:net";

/** A way to the real engine that can be shut: from the worker's side the engine is gone. */
export class EngineDoor {
  readonly path: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(path: string) {
    this.path = path;
  }

  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: "/var/run/docker.sock", allowHalfOpen: true });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}
