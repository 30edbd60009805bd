// Carries connections to 127.0.0.1:PORT over to the socket of the run: shim.mjs READY-FIFO PORT SOCKET. For images without Python; see shim.py.
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const [, , ready, port, path] = process.argv;

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ path, allowHalfOpen: true });
  // `pipe` tells the other side of an end and leaves it open for what it still has to say.
  near.pipe(far);
  far.pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
});
process.on("SIGHUP", () => undefined);
server.listen(Number(port), "127.0.0.1", () => writeFileSync(ready, "ready\n"));
