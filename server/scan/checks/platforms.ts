/** How platforms behind channels are reached, and what may be written to them. */
import { checksOf, type Check } from "#server/scan/check.ts";
import { connected } from "#server/scan/checks/connected.ts";
import { isLoopbackHost } from "#server/scan/checks/words.ts";

const isUnencrypted = (address: string | undefined): boolean => {
  const url = URL.parse(address ?? "");
  return url !== null && url.protocol === "http:" && !isLoopbackHost(url.hostname);
};

export const PLATFORM_CHECKS: readonly Check[] = [
  ...checksOf(
    "channels",
    ["configuration", "senders"],
    [
      {
        id: "channels.reply_unencrypted",
        severity: "warn",
        title: "Messages travel unencrypted to a platform",
        why: "Answers, and the token of the bot, can be read on the way.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, apiBase, replyUrl, at }) => [
            ...(isUnencrypted(replyUrl)
              ? [at("replyUrl", `Replies of ${channel} are posted to ${replyUrl ?? ""}.`, "Use https.")]
              : []),
            ...(isUnencrypted(apiBase)
              ? [at("apiBase", `The API of ${channel} is called at ${apiBase ?? ""}.`, "Use https.")]
              : []),
          ]),
      },
      {
        id: "channels.foreign_api",
        severity: "info",
        title: "A platform's API is at an unusual address",
        why: "Whoever runs that address gets the bot's token and every answer.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, apiBase, at }) =>
            apiBase === undefined
              ? []
              : [
                  at(
                    "apiBase",
                    `The API of ${channel} is called at ${apiBase}.`,
                    "Remove the key, unless this is a server of your own.",
                  ),
                ],
          ),
      },
      {
        id: "channels.any_link",
        severity: "info",
        title: "Answers may hold any link",
        why: "A platform that previews links fetches them: an injected answer can carry a secret out in an address.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, type, hasLinkList, at }) =>
            hasLinkList || type === "webhook"
              ? []
              : [
                  at(
                    "allowedLinks",
                    `${channel} has no list of hosts that links may lead to.`,
                    "Write allowedLinks; an empty list allows none.",
                  ),
                ],
          ),
      },
    ],
  ),
];
