/** Platforms that are connected, whether the file or the database says so. Pure. */
import { atKey, type Hit } from "#server/scan/check.ts";
import type { Sources } from "#server/scan/facts/sources.ts";

/** Connections of the file and of the database alike. */
interface Connected {
  channel: string;
  type: string;
  role: string;
  unknownSenders: string;
  apiBase: string | undefined;
  replyUrl: string | undefined;
  hasLinkList: boolean;
  at: (key: string, evidence: string, fix: string) => Hit;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export function connected({ configuration, senders }: Pick<Sources, "configuration" | "senders">): Connected[] {
  const ofFile = Object.entries(configuration.config.channels).flatMap(([channel, { connection }]): Connected[] =>
    connection?.enabled === true
      ? [
          {
            channel,
            type: connection.type,
            role: connection.role,
            unknownSenders: connection.unknownSenders,
            apiBase: connection.apiBase,
            replyUrl: connection.replyUrl,
            hasLinkList: connection.allowedLinks !== undefined,
            at: (key, evidence, fix) => atKey(["channels", channel, "connection", key], evidence, fix),
          },
        ]
      : [],
  );
  const named = new Set(ofFile.map(({ channel }) => channel));
  const stored = senders.connections
    .filter(({ channel, settings }) => !named.has(channel) && settings["enabled"] !== false)
    .map(({ channel, type, settings }): Connected => ({
      channel,
      type,
      role: textOf(settings["role"]) ?? "user",
      unknownSenders: textOf(settings["unknownSenders"]) ?? "pair",
      apiBase: textOf(settings["apiBase"]),
      replyUrl: textOf(settings["replyUrl"]),
      hasLinkList: settings["allowedLinks"] !== undefined,
      at: (_, evidence, fix) => ({ subject: `platform ${channel}`, evidence, fix }),
    }));
  return [...ofFile, ...stored];
}
