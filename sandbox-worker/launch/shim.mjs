// shim.mjs FIFO PORT SOCKET: forwards 127.0.0.1:PORT to the run's Unix socket and writes a line to FIFO when it listens.
// For images without python3. One process; streams with backpressure; each direction ends by itself (half-close).
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";

/** Each takes two of the 1,024 file descriptors a process has in the container. */
const MAX_CONNECTIONS = 256;

process.on("SIGHUP", () => {});
const [fifo, port, path] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (client) => {
  const gateway = connect({ path, allowHalfOpen: true });
  join(client, gateway);
  join(gateway, client);
});
server.maxConnections = MAX_CONNECTIONS;
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 512 }, () => writeFileSync(fifo, "ready\n"));

function join(from, to) {
  from.pipe(to);
  // A broken end breaks the other; one that has only ended does not.
  from.on("error", () => to.destroy());
}
