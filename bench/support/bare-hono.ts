/** The baseline: Hono parsing a JSON body and answering with one, nothing else. */
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const app = new Hono();
app.post("/", async (context) => {
  const body = await context.req.json<{ text: string }>();
  return context.json({ reply: { text: body.text } });
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (info: AddressInfo) =>
  process.send?.({ type: "ready", port: info.port }),
);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
