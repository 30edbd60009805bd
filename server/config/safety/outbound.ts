/** Rules about outgoing connections: entries that open nothing or too much, addresses that are never reached. */
import { outboundUrls } from "#server/config/private-hosts.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";
import { messageOf } from "#server/core/errors.ts";
import { readOpened, safeUrl } from "#server/core/net/outbound-policy.ts";

export function outboundFindings(config: Config): Finding[] {
  return [
    ...config.security.outbound.allowedPrivate.flatMap((entry, index): Finding[] => {
      try {
        readOpened(entry);
        return [];
      } catch (error) {
        const path = ["security", "outbound", "allowedPrivate", index];
        return [{ severity: "error", path, reason: messageOf(error), fix: "Correct or remove it." }];
      }
    }),
    ...outboundUrls(config)
      .filter(([, url]) => safeUrl(url) === null)
      .map(([path]): Finding => ({
        severity: "error",
        path,
        reason: "is an address that the gateway never connects to (link-local, a metadata service, multicast)",
        fix: "Write the address of the service itself.",
      })),
  ];
}
