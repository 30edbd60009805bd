/** Whether a connection works: asks the platform who we are, or has it show a message. */
import type { Actor } from "#server/audit/schema.ts";
import type { AuditWriter } from "#server/audit/index.ts";
import type { ConnectionStore, LiveChannel } from "#server/channels/connections.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { newReplyId } from "#server/core/ids.ts";

export interface TestDeps {
  connections: Pick<ConnectionStore, "live" | "list">;
  audit: Pick<AuditWriter, "append">;
}

export type Probed = { ok: true; account: string } | { ok: false; reason: string };

/** @throws AppError NOT_FOUND, NOT_CONFIGURED */
export async function testConnection({ connections }: Pick<TestDeps, "connections">, channel: string): Promise<Probed> {
  const { adapter, http } = usable(connections, channel);
  return adapter.probe(http).catch((error: unknown) => ({ ok: false, reason: messageOf(error) }));
}

const TEST_TEXT = "Test message of OpenClaw Gateway: this channel can send.";

/** Sends a fixed text, so that nobody can speak as the bot this way. @throws AppError as `testConnection` */
export async function sendTestMessage(
  { connections, audit }: TestDeps,
  actor: Actor,
  { channel, conversation }: { channel: string; conversation: string },
): Promise<{ ok: true } | { ok: false; reason: string }> {
  const { adapter, http } = usable(connections, channel);
  const target = {
    conversationId: conversation,
    threadId: null,
    messageId: null,
    replyHandle: null,
    isDirect: false,
    handleSince: 0,
  };
  const sent = await (adapter.silent === true
    ? Promise.resolve({ ok: false as const, reason: "this connection has no address for replies (replyUrl)" })
    : adapter
        .send(http, target, TEST_TEXT, newReplyId())
        .catch((error: unknown) => ({ ok: false as const, reason: messageOf(error) })));
  await audit.append([
    {
      event: "channel.connection_tested",
      outcome: sent.ok ? "ok" : "failed",
      actor,
      channel,
      target: channel,
      reason: sent.ok ? "sent" : "not_taken",
      data: { conversation, message: sent.ok ? null : sent.reason },
    },
  ]);
  return sent.ok ? { ok: true } : { ok: false, reason: sent.reason };
}

function usable(connections: TestDeps["connections"], channel: string): LiveChannel {
  const live = connections.live(channel);
  if (live !== undefined) {
    return live;
  }
  const view = connections.list().find((one) => one.channel === channel);
  if (view === undefined) {
    throw new AppError("NOT_FOUND", `Channel "${channel}" is connected to no platform.`);
  }
  throw new AppError("NOT_CONFIGURED", view.problem ?? `Channel "${channel}" is switched off (enabled: false).`);
}
