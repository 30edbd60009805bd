/** Platforms behind channels, their secrets, and who writes from there. */
import { atKey, checksOf, setKey, type Check } from "#server/scan/check.ts";
import { connected } from "#server/scan/checks/connected.ts";
import { givesCommand, isLoopbackHost, isWideRole } from "#server/scan/checks/words.ts";
import type { ConfigPath } from "#server/scan/facts/sources.ts";
import { formatPath } from "#server/config/index.ts";
import { few, shellWord } from "#server/scan/shown.ts";

const SHORT_SECRET = 16;
const MANY_PAIRINGS = 20;

/** Secrets of platforms in the file. */
const isPlatformSecret = (path: ConfigPath): boolean => path[0] === "channels" && path[2] === "connection";

const isUnencrypted = (address: string | undefined): boolean => {
  const url = URL.parse(address ?? "");
  return url !== null && url.protocol === "http:" && !isLoopbackHost(url.hostname);
};

export const PLATFORM_CHECKS: readonly Check[] = [
  ...checksOf(
    "channels",
    ["configuration"],
    [
      {
        id: "channels.secret_plain",
        severity: "warn",
        title: "A platform's secret stands in plain text",
        why: "Whoever sees the file, a backup or a screen with it can send messages in anybody's name.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, kept }) => isPlatformSecret(path) && kept === "plain")
            .map(({ path }) =>
              atKey(
                path,
                `${formatPath(path)} stands in the file as it is.`,
                "Encrypt it, or write ${NAME} and put it in the environment.",
                {
                  command: "openclaw config encrypt",
                },
              ),
            ),
      },
      {
        id: "channels.secret_unset",
        severity: "warn",
        title: "A platform's secret refers to a variable that is not set",
        why: "The channel is off, and whoever writes there gets no answer.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, missing }) => isPlatformSecret(path) && missing.length > 0)
            .map(({ path, missing }) =>
              atKey(
                path,
                `${formatPath(path)} refers to ${few(missing)}, which is not set.`,
                `Set ${missing[0] ?? "it"} for the gateway.`,
              ),
            ),
      },
      {
        id: "channels.secret_weak",
        severity: "critical",
        title: "A platform's secret can be guessed",
        why: "Whoever guesses it delivers messages in anybody's name, administrators included.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(
              ({ path, length, weak }) =>
                isPlatformSecret(path) &&
                /secret$/i.test(String(path[3])) &&
                length !== null &&
                (length < SHORT_SECRET || weak === "is a placeholder from an example" || /different/.test(weak ?? "")),
            )
            .map(({ path, length }) =>
              atKey(
                path,
                `${formatPath(path)} is a placeholder, has few different characters, or is short (${length ?? 0} characters).`,
                "Make a random one, and give it to the platform as well.",
                {
                  command: "openssl rand -base64 32",
                },
              ),
            ),
      },
      {
        id: "channels.secret_reused",
        severity: "critical",
        title: "Two places share one secret",
        why: "Whoever is given the one can forge messages of the other.",
        run: ({ configuration: { secrets } }) => {
          const seen = new Map<string, string>();
          return secrets.flatMap(({ path, digest }) => {
            if (digest === null || !isPlatformSecret(path)) {
              return [];
            }
            const first = seen.get(digest);
            if (first === undefined) {
              seen.set(digest, formatPath(path));
              return [];
            }
            return [atKey(path, `${formatPath(path)} is the same as ${first}.`, "Make a secret of its own for each.")];
          });
        },
      },
    ],
  ),
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
  ...checksOf(
    "channels",
    ["configuration", "senders", "access"],
    [
      {
        id: "channels.default_role_wide",
        severity: "critical",
        title: "Whoever a channel lets in may do everything",
        why: "One more sender on the list is one more administrator.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, at }) =>
            isWideRole(facts.access.policy, role)
              ? [
                  at(
                    "role",
                    `Senders of ${channel} whom no user record describes get the role ${role}.`,
                    "Use a small role such as user.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "channels.default_role_missing",
        severity: "warn",
        title: "A channel gives its senders a role that does not exist",
        why: "They are refused, until somebody makes a role of that name.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, at }) =>
            facts.access.policy.roles.has(role)
              ? []
              : [
                  at(
                    "role",
                    `Senders of ${channel} get the role ${role}, which does not exist.`,
                    "Name one that does.",
                  ),
                ],
          ),
      },
      {
        id: "channels.pairing_runs_code",
        severity: "info",
        title: "Strangers who pair may run code",
        why: "Approving a code is one careless click; a smaller role for newcomers costs nothing.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, role, unknownSenders, at }) =>
            unknownSenders === "pair" && givesCommand(facts.access.policy, role, "run")
              ? [
                  at(
                    "role",
                    `Strangers on ${channel} get a pairing code, and the role ${role} may run programs.`,
                    "Give newcomers a role without run, or set unknownSenders to refuse.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "channels.without_rules",
        severity: "info",
        title: "A platform is connected without rules of its channel",
        why: "Everybody whose role allows the channel may use it; who that is stands nowhere.",
        run: (facts) =>
          connected(facts).flatMap(({ channel, at }) =>
            facts.access.policy.channels.has(channel)
              ? []
              : [
                  at(
                    "type",
                    `${channel} has a connection and no rules.`,
                    "Write who may use it: openclaw access channels set, or channels in the file.",
                  ),
                ],
          ),
      },
    ],
  ),
  ...checksOf(
    "channels",
    ["senders"],
    [
      {
        id: "channels.many_pairings",
        severity: "warn",
        title: "Many strangers wait to be paired",
        why: "Somebody spreads the bot's name or tries to wear out whoever approves.",
        run: ({ senders: { pendingPairings } }) =>
          pendingPairings > MANY_PAIRINGS
            ? [
                {
                  subject: "pairing",
                  evidence: `${pendingPairings} pairing codes wait.`,
                  fix: "Look at them, and set unknownSenders to refuse if they are not yours.",
                  command: "openclaw pairing list",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "channels",
    ["senders", "access", "configuration"],
    [
      {
        id: "channels.identity_orphaned",
        severity: "info",
        title: "An approved sender belongs to a channel that is gone",
        why: "When a channel of that name comes back, they are let in without being asked.",
        run: (facts) => {
          const channels = new Set([
            ...connected(facts).map(({ channel }) => channel),
            ...facts.access.policy.channels.keys(),
          ]);
          return facts.senders.identities
            .filter(({ channel }) => !channels.has(channel))
            .map(({ channel, senderId }) => ({
              subject: `identity ${channel}/${senderId}`,
              evidence: `${senderId} is approved on ${channel}, which is neither connected nor has rules.`,
              fix: "Remove the approval.",
              command: `openclaw pairing remove ${shellWord(channel)} ${shellWord(senderId)}`,
            }));
        },
      },
      {
        id: "channels.identity_wide",
        severity: "warn",
        title: "A chat account may do everything",
        why: "Whoever takes over that account is an administrator of the gateway.",
        run: ({ senders, access: { policy }, configuration: { config } }) => {
          const stepUp = config.security.authorization.stepUp.commands;
          return senders.identities
            .filter(
              ({ userId }) =>
                isWideRole(policy, policy.users.get(userId)?.role ?? "") &&
                !stepUp.includes("*") &&
                !stepUp.includes("run"),
            )
            .map(({ channel, senderId, userId }) => ({
              ...atKey(
                ["security", "authorization", "stepUp", "commands"],
                `${senderId} on ${channel} is ${userId}, who may do everything, and no command asks for a code.`,
                "Ask for a code, or give them a smaller role.",
                { command: setKey(["security", "authorization", "stepUp", "commands"], '["run","approve"]') },
              ),
              subject: `identity ${channel}/${senderId}`,
            }));
        },
      },
    ],
  ),
];
