/** How API tokens are made. */
import { atKey, checksOf, setKey, DAY_MS, type Check } from "#server/scan/check.ts";

const CONFIG = ["gateway", "tokenConfig"] as const;
const LONG_LIFE_MS = 90 * DAY_MS;
const GOOD_BYTES = 24;
const MANY_TOKENS = 100;

export const TOKEN_SETTING_CHECKS: readonly Check[] = [
  ...checksOf(
    "tokens",
    ["configuration"],
    [
      {
        id: "tokens.shared_plain",
        severity: "warn",
        title: "The shared token stands in plain text",
        why: "Whoever sees the file, a backup or a screen with it has the rights of the admin role.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, kept }) => path.join(".") === "gateway.token" && kept === "plain")
            .map(({ path }) =>
              atKey(
                path,
                "gateway.token stands in the file as it is.",
                "Encrypt it, or give each client a token of its own.",
                {
                  command: "openclaw config encrypt",
                },
              ),
            ),
      },
      {
        id: "tokens.shared_reused",
        severity: "critical",
        title: "The shared token is used for something else as well",
        why: "Whoever is given the one has the other: a platform's secret would open the gateway as admin.",
        run: ({ configuration: { secrets } }) => {
          const shared = secrets.find(({ path }) => path.join(".") === "gateway.token");
          const same = secrets.filter(
            (other) => other !== shared && other.digest !== null && other.digest === shared?.digest,
          );
          return shared === undefined || same.length === 0
            ? []
            : [
                atKey(
                  shared.path,
                  `gateway.token is the same as ${same.map(({ path }) => path.join(".")).join(", ")}.`,
                  "Make a token of its own for each purpose.",
                  { command: "openclaw gateway generate-token" },
                ),
              ];
        },
      },
      {
        id: "tokens.long_lifetime",
        severity: "warn",
        title: "New tokens live very long",
        why: "A token that is lost and not missed works until its end.",
        run: ({ configuration: { config } }) => {
          const { expiration } = config.gateway.tokenConfig;
          return expiration > LONG_LIFE_MS
            ? [
                atKey(
                  [...CONFIG, "expiration"],
                  `gateway.tokenConfig.expiration is ${Math.round(expiration / DAY_MS)} days.`,
                  "Use 30 days or less, and let clients refresh.",
                  {
                    command: setKey([...CONFIG, "expiration"], "30d"),
                  },
                ),
              ]
            : [];
        },
      },
      {
        id: "tokens.little_entropy",
        severity: "warn",
        title: "New tokens hold little randomness",
        why: "The fewer random bytes, the nearer guessing comes.",
        run: ({ configuration: { config } }) =>
          config.gateway.tokenConfig.tokenLength < GOOD_BYTES
            ? [
                atKey(
                  [...CONFIG, "tokenLength"],
                  `gateway.tokenConfig.tokenLength is ${config.gateway.tokenConfig.tokenLength} bytes.`,
                  "Use 32.",
                  {
                    command: setKey([...CONFIG, "tokenLength"], "32"),
                  },
                ),
              ]
            : [],
      },
      {
        id: "tokens.many_per_owner",
        severity: "info",
        title: "One owner may hold very many tokens",
        why: "Tokens nobody remembers pile up, and each of them works.",
        run: ({ configuration: { config } }) =>
          config.gateway.tokenConfig.maxTokens > MANY_TOKENS
            ? [
                atKey(
                  [...CONFIG, "maxTokens"],
                  `gateway.tokenConfig.maxTokens is ${config.gateway.tokenConfig.maxTokens}.`,
                  "Use as many as an owner has clients.",
                  {
                    command: setKey([...CONFIG, "maxTokens"], "5"),
                  },
                ),
              ]
            : [],
      },
    ],
  ),
];
