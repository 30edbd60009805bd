/** `security.encryption`, `security.storage`: data at rest. */
import { z } from "zod";
import { duration, mode, text, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY } from "#server/config/units.ts";

/** What OWASP advises for PBKDF2 with SHA-256. */
export const ADVISED_ITERATIONS = 600_000;

export const Encryption = z
  .strictObject({
    database: z
      .strictObject({
        enabled: z.boolean().prefault(true).describe("Encrypts sensitive columns."),
        algorithm: z.literal("AES-256-GCM").prefault("AES-256-GCM").describe("Cipher."),
        keyDerivation: z.literal("PBKDF2").prefault("PBKDF2").describe("How the key is made from the master secret."),
        iterations: wholeNumber({ min: 100_000, max: 100_000_000 })
          .prefault(ADVISED_ITERATIONS)
          .describe("Rounds of key derivation; fewer than 600000 give a warning."),
      })
      .prefault({})
      .describe("Encryption of database columns."),
    config: z
      .strictObject({
        enabled: z
          .boolean()
          .prefault(true)
          .describe(
            "Allows encrypted values in this file. They are made by `openclaw config encrypt`, with the home's keyring.",
          ),
        encryptApiKeys: z
          .boolean()
          .prefault(true)
          .describe("`openclaw config encrypt` covers the keys of model providers."),
        encryptTokens: z.boolean().prefault(true).describe("`openclaw config encrypt` covers `gateway.token`."),
      })
      .prefault({})
      .describe("Encryption of secrets in this file."),
    messages: z
      .strictObject({
        enabled: z.boolean().prefault(false).describe("Encrypts stored messages."),
        algorithm: z
          .enum(["AES-256-CBC", "AES-256-GCM"])
          .prefault("AES-256-CBC")
          .describe("Cipher; CBC is always authenticated as well."),
      })
      .prefault({})
      .describe("Encryption of messages."),
  })
  .prefault({})
  .describe("Encryption at rest.");

const retention = () => duration({ min: DAY, max: 36_500 * DAY });

export const Storage = z
  .strictObject({
    configPath: text()
      .prefault("~/.openclaw/config")
      .describe("Folder of this file. Another one than the file lies in is an error."),
    configPermissions: mode().prefault("600").describe("Mode that this file is written with."),
    logPath: text().prefault("~/.openclaw/logs").describe("Folder of logs; a change takes effect at the next start."),
    logPermissions: mode().prefault("640").describe("Mode of log files."),
    logRetention: retention().prefault("30d").describe("Age at which a log is removed."),
    backupPath: text().prefault("~/.openclaw/backups").describe("Folder of backups."),
    backupInterval: duration({ min: 0, max: 365 * DAY })
      .prefault("24h")
      .describe("How often a running gateway backs up configuration, policy and keys by itself; 0 for never."),
    backupEncryption: z.boolean().prefault(true).describe("Encrypts backups."),
    backupRetention: retention().prefault("90d").describe("Age at which a backup is removed."),
  })
  .prefault({})
  .describe("Places and modes of files. `~/.openclaw` means the OpenClaw home, also where `OPENCLAW_HOME` moves it.");
