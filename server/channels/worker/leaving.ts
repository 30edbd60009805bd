/** A reply as it may leave: without secrets, without links that are not allowed, in messages that the platform takes. Pure. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { LiveChannel } from "#server/channels/connections.ts";
import { knownSecrets } from "#server/channels/known-secrets.ts";
import { filterReply } from "#server/channels/outbound-filter.ts";
import { splitText } from "#server/channels/split.ts";
import type { Claimed } from "#server/channels/worker/claim.ts";
import type { ConfigStore } from "#server/config/index.ts";

export interface Leaving {
  parts: string[];
  /** What was taken out, for the record; null = nothing. */
  filtered: AuditEventInput | null;
}

export function leaving(
  config: ConfigStore,
  { adapter, allowedLinks, channel, secrets }: LiveChannel,
  { id, requestId }: Claimed,
  said: string,
): Leaving {
  const reply = filterReply(said, { secrets: [...secrets, ...knownSecrets(config)], allowedLinks });
  const whole = reply.text.trim() === "" ? "[empty answer]" : reply.text;
  return {
    parts: splitText(whole, { max: adapter.maxText, measure: (part) => adapter.measure(part) }),
    filtered:
      reply.secrets === 0 && reply.links === 0
        ? null
        : {
            event: "channel.reply_filtered",
            outcome: "denied",
            actor: { type: "system", id: "server" },
            channel,
            requestId,
            target: id,
            data: { secrets: reply.secrets, links: reply.links },
          },
  };
}
