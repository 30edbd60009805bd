/**
 * Anybody who signs what he sends: a small JSON body in, replies posted to one address. The form is in docs/channels.md.
 * Threats: a repeat under another id or spelling (see webhook-signature.ts); an address of replies inside the network (checked at connect).
 */
import { z } from "zod";
import type { AdapterFactory, HookRequest, Reading, Sent } from "#server/channels/adapter.ts";
import { needed } from "#server/channels/adapters/needed.ts";
import { signatureOf, type Signature } from "#server/channels/adapters/webhook-signature.ts";
import { kindOf, malformed, readJson, shownName } from "#server/channels/adapters/wire.ts";
import { signStandard, standardKey } from "#server/core/crypto/standard-webhooks.ts";
import { retryAfterMs } from "#server/core/http/retry-after.ts";
import { AppError, messageOf } from "#server/core/errors.ts";

const MAX_BODY_BYTES = 1024 * 1024;
/** UTF-16 units of one reply. */
const MAX_TEXT = 32_000;

/** Kept as it is and compared with others, so it holds nothing that a store or another encoding would change: two ids never become one. */
const Id = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "holds a control character or half a character");

const Body = z.strictObject({
  /** The same again is a duplicate. */
  id: Id.optional(),
  sender: Id,
  /** Absent: a direct conversation with the sender. */
  conversation: Id.optional(),
  thread: Id.optional(),
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
  const value = readJson(body);
  if (value === undefined) {
    return malformed("the body is not JSON in UTF-8");
  }
  const parsed = Body.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return malformed(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`);
  }
  const { id, sender, conversation, thread, text, name } = parsed.data;
  // What Standard Webhooks signs as the id counts before what the body calls one: retries keep the first.
  const signed = signature.replayKey(request);
  const eventId = signed?.startsWith("msg:") === true || id === undefined ? signed : `id:${id}`;
  if (eventId === null) {
    return malformed("id: is needed beside more than one signature");
  }
  const conversationId = conversation ?? sender;
  return {
    kind: "events",
    events: [
      {
        kind: kindOf(text),
        eventId,
        senderId: sender,
        senderName: shownName(name),
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
