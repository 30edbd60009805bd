/** What a pass-through costs at least in one Node process: `node:http` in, an undici pool out, nothing asked and nothing recorded. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

const pool = new Pool(process.argv[2] ?? "", { headersTimeout: 0, bodyTimeout: 0 });
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    pool
      .request({
        path: request.url ?? "/",
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer mock" },
        body: Buffer.concat(chunks),
      })
      .then((answer) => {
        response.writeHead(answer.statusCode, { "content-type": String(answer.headers["content-type"]) });
        answer.body.pipe(response);
      })
      .catch(() => response.destroy());
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ type: "ready", port: (server.address() as AddressInfo).port }));
