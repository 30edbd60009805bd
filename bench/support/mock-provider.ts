/** A provider that costs next to nothing: one answer of OpenAI chat, whole or as a paced stream. `DELAY_MS` before the head, `PACE_MS` between events. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const [delayMs = 0, paceMs = 0, events = 10] = process.argv.slice(2).map(Number);
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const whole = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "small",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello from the mock." }, finish_reason: "stop" }],
  usage,
});
const chunk = (delta: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "small", choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => (body += text));
  request.on("end", () => void answer(body.includes('"stream":true'), response));
});

async function answer(streamed: boolean, response: ServerResponse): Promise<void> {
  if (delayMs > 0) {
    await delay(delayMs);
  }
  if (!streamed) {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(Buffer.byteLength(whole)) });
    response.end(whole);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let index = 0; index < events && !response.destroyed; index += 1) {
    response.write(chunk({ content: `word ${index} ` }));
    if (paceMs > 0) {
      await delay(paceMs);
    }
  }
  response.end(`${chunk({}, { choices: [], usage })}data: [DONE]\n\n`);
}

server.listen(0, "127.0.0.1", () => process.send?.({ type: "ready", port: (server.address() as AddressInfo).port }));
