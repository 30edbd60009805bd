/** Whoever is on the other side of a signed webhook: delivers to the gateway, and takes its replies on loopback. */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, type APIRequestContext } from "@playwright/test";
import { Webhook } from "standardwebhooks";
import { openclaw } from "./cli.ts";
import { ORIGIN } from "./environment.ts";

export interface WebhookPeer {
  secret: string;
  replySecret: string;
  replyUrl: string;
  /** Delivers a message of `sender`, as the platform would. @returns the status of the answer. */
  deliver(
    request: APIRequestContext,
    channel: string,
    sender: string,
    message: string,
    /** Default: `secret`. */
    signedWith?: string,
  ): Promise<number>;
  /** The n-th reply, once it is there and its signature is proven. */
  reply(n: number): Promise<string>;
  close(): void;
}

const newSecret = (): string => `whsec_${randomBytes(24).toString("base64")}`;

export async function openWebhookPeer(): Promise<WebhookPeer> {
  const [secret, replySecret] = [newSecret(), newSecret()];
  const replies: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const proven = new Webhook(replySecret).verify(body, request.headers as Record<string, string>);
      replies.push((proven as { text: string }).text);
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await openclaw("config", "set", "security.outbound.allowedPrivate", JSON.stringify([host]));
  return {
    secret,
    replySecret,
    replyUrl: `http://${host}/replies`,
    async deliver(request, channel, sender, message, signedWith = secret) {
      const body = JSON.stringify({ sender, name: "Ada of the tests", text: message });
      const [id, now] = [`msg_${randomUUID()}`, new Date()];
      const answer = await request.post(`${ORIGIN}/hooks/${channel}`, {
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
          "webhook-signature": new Webhook(signedWith).sign(id, now, body),
        },
        data: body,
      });
      return answer.status();
    },
    async reply(n) {
      await expect.poll(() => replies.length, { timeout: 15_000 }).toBeGreaterThan(n);
      return replies[n] ?? "";
    },
    close: () => void server.close(),
  };
}
