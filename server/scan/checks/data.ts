/** Data at rest and its keys. */
import { formatPath } from "#server/config/index.ts";
import { atKey, checksOf, daysBetween, setKey, type Check } from "#server/scan/check.ts";

const ENCRYPTION = ["security", "encryption"] as const;
const QUARANTINE_DAYS = 30;

/** Secrets that have no check of their own area. */
const OTHER_SECRET = /^(?:logging\.audit\.anchor|security\.monitoring)/;

export const DATA_CHECKS: readonly Check[] = [
  ...checksOf(
    "data",
    ["configuration"],
    [
      {
        id: "data.secret_plain",
        severity: "warn",
        title: "An address that is a secret stands in plain text",
        why: "Addresses of receivers commonly hold a token; whoever sees the file can post there.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, kept }) => kept === "plain" && OTHER_SECRET.test(formatPath(path)))
            .map(({ path }) =>
              atKey(path, `${formatPath(path)} stands in the file as it is.`, "Encrypt it, or write ${NAME}.", {
                command: "openclaw config encrypt",
              }),
            ),
      },
      {
        id: "data.config_encryption_off",
        severity: "warn",
        title: "Secrets of the configuration may not be encrypted",
        why: "They then stand in the file, its backups and its history as they are.",
        run: ({ configuration: { config } }) =>
          config.security.encryption.config.enabled
            ? []
            : [
                atKey(
                  [...ENCRYPTION, "config", "enabled"],
                  "security.encryption.config.enabled is false.",
                  "Switch it on.",
                  { command: setKey([...ENCRYPTION, "config", "enabled"], "true") },
                ),
              ],
      },
      {
        id: "data.secrets_left_out",
        severity: "info",
        title: "Encrypting the configuration leaves secrets out",
        why: "After openclaw config encrypt somebody believes that all are covered.",
        run: ({ configuration: { config } }) =>
          (["encryptApiKeys", "encryptTokens"] as const)
            .filter((key) => !config.security.encryption.config[key])
            .map((key) =>
              atKey([...ENCRYPTION, "config", key], `security.encryption.config.${key} is false.`, "Switch it on.", {
                command: setKey([...ENCRYPTION, "config", key], "true"),
              }),
            ),
      },
      {
        id: "data.messages_cbc",
        severity: "info",
        title: "Messages are encrypted with CBC",
        why: "It is authenticated here, so that it is sound; GCM is quicker and has fewer ways to go wrong.",
        run: ({ configuration: { config } }) => {
          const { enabled, algorithm } = config.security.encryption.messages;
          return enabled && algorithm === "AES-256-CBC"
            ? [
                atKey(
                  [...ENCRYPTION, "messages", "algorithm"],
                  "security.encryption.messages.algorithm is AES-256-CBC.",
                  "Use GCM.",
                  { command: setKey([...ENCRYPTION, "messages", "algorithm"], "AES-256-GCM") },
                ),
              ]
            : [];
        },
      },
    ],
  ),
  ...checksOf(
    "data",
    ["surroundings"],
    [
      {
        id: "data.master_secret_in_environment",
        severity: "warn",
        title: "The master secret is in the environment",
        why: "It is inherited by programs, kept in shells and service files, and seen by whoever may look at the process.",
        run: ({ surroundings: { masterSecret } }) =>
          masterSecret === "environment"
            ? [
                {
                  subject: "OPENCLAW_MASTER_KEY",
                  evidence: "OPENCLAW_MASTER_KEY is set.",
                  fix: "Put it in a file with mode 600 outside the home, and name that with OPENCLAW_MASTER_KEY_FILE.",
                },
              ]
            : [],
      },
      {
        id: "data.master_secret_beside_data",
        severity: "info",
        title: "The master secret lies beside what it encrypts",
        why: "Whoever copies the home has both; encryption then protects single files and dumps only.",
        run: ({ surroundings: { masterSecret } }) =>
          masterSecret === "file in the home"
            ? [
                {
                  subject: "master secret",
                  evidence: "It is read from the home.",
                  fix: "Keep it elsewhere, on another disk or in a secret store, and name it with OPENCLAW_MASTER_KEY_FILE.",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "data",
    ["record"],
    [
      {
        id: "data.unreadable",
        severity: "critical",
        title: "Stored values cannot be decrypted",
        why: "They were changed or moved, or their key is lost.",
        run: ({ record: { counts } }) => {
          const found = counts.get("data.unreadable") ?? 0;
          return found > 0
            ? [
                {
                  subject: "stored values",
                  evidence: `${found} in the last 30 days.`,
                  fix: "See which.",
                  command: "openclaw logs filter --event data.unreadable --last 30d",
                },
              ]
            : [];
        },
      },
      {
        id: "data.quarantine_forgotten",
        severity: "info",
        title: "Quarantined files wait for a decision",
        why: "Nobody has looked at what was suspicious.",
        run: ({ record: { oldestQuarantine, quarantined } }, at) =>
          oldestQuarantine !== null && daysBetween(oldestQuarantine, at) >= QUARANTINE_DAYS
            ? [
                {
                  subject: "quarantine",
                  evidence: `${quarantined} files, the oldest for ${daysBetween(oldestQuarantine, at)} days.`,
                  fix: "Restore or delete them.",
                  command: "openclaw quarantine list",
                },
              ]
            : [],
      },
    ],
  ),
];
