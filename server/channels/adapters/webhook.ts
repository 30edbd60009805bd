/**
 * Anybody who signs what he sends: a small JSON body in, replies posted to one address. The form is in docs/channels.md.
 * Threats: a repeat under another id or spelling (see webhook-signature.ts); an address of replies inside the network (checked at connect).
 */
import { z } from "zod";
import type { AdapterFactory, HookRequest, Reading, Sent } from "#server/channels/adapter.ts";
import { needed } from "#server/channels/adapters/needed.ts";
import { signatureOf, type Signature } from "#server/channels/adapters/webhook-signature.ts";
import { signStandard, standardKey } from "#server/core/crypto/standard-webhooks.ts";
import { retryAfterMs } from "#server/core/http/retry-after.ts";
import { AppError, messageOf } from "#server/core/errors.ts";

const MAX_BODY_BYTES = 1024 * 1024;
/** UTF-16 units of one reply. */
const MAX_TEXT = 32_000;

const Body = z.strictObject({
  /** The same again is a duplicate. */
  id: z.string().min(1).max(200).optional(),
  sender: z.string().min(1).max(200),
  /** Absent: a direct conversation with the sender. */
  conversation: z.string().min(1).max(200).optional(),
  thread: z.string().min(1).max(200).optional(),
  text: z.string().max(200_000),
  name: z.string().max(200).optional(),
});

export const createWebhook: AdapterFactory = (connection) => {
  const { channel, scheme = "standard", replyUrl } = connection;
  const path = `channels.${channel}.connection`;
  const signature = signatureOf(scheme, needed(connection, "secret"), `${path}.secret`);
  const replyKey =
    replyUrl === undefined ? null : standardKey(needed(connection, "replySecret"), `${path}.replySecret`);

  return {
    maxText: MAX_TEXT,
    measure: (text) => text.length,
    maxBodyBytes: MAX_BODY_BYTES,
    silent: replyUrl === undefined,
    knowsRepeats: true,
    precheck: (request) => signature.precheck(request),
    verify: (request, body, now) => signature.verify(request, body, now),
    read: (request, body) => read(signature, request, body),
    async send(http, target, text, replyId): Promise<Sent> {
      if (replyUrl === undefined || replyKey === null) {
        throw new AppError("NOT_CONFIGURED", `${path}.replyUrl is not set: there is nowhere to reply to.`);
      }
      const { conversationId: conversation, threadId: thread, messageId: replyTo } = target;
      const body = JSON.stringify({ id: replyId, conversation, thread, replyTo, text });
      const headers = { "content-type": "application/json", ...signStandard([replyKey], replyId, body, Date.now()) };
      let answer: Awaited<ReturnType<typeof http>>;
      try {
        answer = await http({ method: "POST", url: replyUrl, headers, body });
      } catch (error) {
        const reason = `the address of replies did not answer: ${messageOf(error)}`;
        // The receiver knows a repeat by its `webhook-id`, so it may be sent again even when it may have arrived.
        return { ok: false, retry: true, retryAfterMs: null, reason };
      }
      const { status } = answer;
      return status >= 200 && status < 300
        ? { ok: true, platformMessageId: null }
        : {
            ok: false,
            retry: status === 429 || status >= 500,
            retryAfterMs: retryAfterMs(answer.headers["retry-after"], Date.now()),
            reason: `the address of replies answered ${status}`,
          };
    },
    probe: () =>
      Promise.resolve({
        ok: true,
        account:
          replyUrl === undefined
            ? `signed deliveries (${scheme}), no replies`
            : `signed deliveries (${scheme}), replies to ${new URL(replyUrl).host}; send a test message to see whether it answers`,
      }),
  };
};

function read(signature: Signature, request: HookRequest, body: Buffer): Reading {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    return { kind: "malformed", message: "the body is not JSON" };
  }
  const parsed = Body.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { kind: "malformed", message: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}` };
  }
  const { id, sender, conversation, thread, text, name } = parsed.data;
  // What Standard Webhooks signs as the id counts before what the body calls one: retries keep the first.
  const signed = signature.replayKey(request);
  const eventId = signed?.startsWith("msg:") === true || id === undefined ? signed : `id:${id}`;
  if (eventId === null) {
    return { kind: "malformed", message: "id: is needed beside more than one signature" };
  }
  const conversationId = conversation ?? sender;
  return {
    kind: "events",
    events: [
      {
        kind: text.trimStart().startsWith("/") ? "command" : "message",
        eventId,
        senderId: sender,
        senderName: name ?? null,
        isBot: false,
        conversationId,
        isDirect: conversationId === sender,
        threadId: thread ?? null,
        messageId: id ?? null,
        text,
        attachments: [],
        sentAt: null,
        replyHandle: null,
      },
    ],
    answer: { status: 202, contentType: "application/json", body: '{"accepted":true}' },
  };
}
