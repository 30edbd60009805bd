/** What is recorded and logged, and for how long. */
import { AUDIT_KINDS, SECURITY_KINDS } from "#server/audit/schema.ts";
import { atKey, checksOf, setKey, DAY_MS, type Check } from "#server/scan/check.ts";
import { few } from "#server/scan/shown.ts";

const AUDIT = ["logging", "audit"] as const;
const SECURITY = ["logging", "security"] as const;
const SHORT_MS = 90 * DAY_MS;
const SHORT_LOG_MS = 7 * DAY_MS;
const QUIET = ["fatal", "silent"];

export const LOG_CHECKS: readonly Check[] = [
  ...checksOf(
    "record",
    ["configuration"],
    [
      {
        id: "record.kinds_left_out",
        severity: "warn",
        title: "The record leaves kinds of events out",
        why: "What is not written cannot be found after an incident.",
        run: ({ configuration: { config } }) => {
          const missing = AUDIT_KINDS.filter((kind) => !config.logging.audit.events.some((listed) => listed === kind));
          return missing.length > 0
            ? [
                atKey(
                  [...AUDIT, "events"],
                  `logging.audit.events leaves out ${few(missing, 8)}.`,
                  "Remove the key to record all.",
                ),
              ]
            : [];
        },
      },
      {
        id: "record.security_kinds_left_out",
        severity: "warn",
        title: "The security log leaves kinds of events out",
        why: "Attacks of that kind leave no trace in it.",
        run: ({ configuration: { config } }) => {
          const missing = SECURITY_KINDS.filter(
            (kind) => !config.logging.security.events.some((listed) => listed === kind),
          );
          return missing.length > 0
            ? [
                atKey(
                  [...SECURITY, "events"],
                  `logging.security.events leaves out ${few(missing, 8)}.`,
                  "Remove the key to record all.",
                ),
              ]
            : [];
        },
      },
      {
        id: "record.retention_short",
        severity: "warn",
        title: "The record is kept for a short time",
        why: "Break-ins are found months later on average.",
        run: ({ configuration: { config } }) =>
          config.logging.audit.retention < SHORT_MS
            ? [
                atKey(
                  [...AUDIT, "retention"],
                  `logging.audit.retention is ${Math.round(config.logging.audit.retention / DAY_MS)} days.`,
                  "Keep it for a year.",
                  { command: setKey([...AUDIT, "retention"], "365d") },
                ),
              ]
            : [],
      },
      {
        id: "record.file_plain",
        severity: "warn",
        title: "The files of the record are not encrypted",
        why: "A copied log tells who wrote what, when and from where.",
        run: ({ configuration: { config } }) =>
          config.logging.audit.encryption
            ? []
            : [
                atKey([...AUDIT, "encryption"], "logging.audit.encryption is false.", "Switch it on.", {
                  command: setKey([...AUDIT, "encryption"], "true"),
                }),
              ],
      },
      {
        id: "record.no_anchor",
        severity: "info",
        title: "No copy of the checkpoints lies elsewhere",
        why: "Whoever is root here can turn the whole record back, and nothing outside would contradict them.",
        run: ({ configuration: { config } }) =>
          config.logging.audit.anchor === undefined
            ? [
                atKey(
                  [...AUDIT, "anchor"],
                  "logging.audit.anchor is not written.",
                  "Name an address that stores what is posted to it.",
                  { command: setKey([...AUDIT, "anchor", "url"], "https://witness.example.com/openclaw") },
                ),
              ]
            : [],
      },
      {
        id: "record.log_silent",
        severity: "warn",
        title: "The application log is silent",
        why: "Failures that precede an incident are not seen.",
        run: ({ configuration: { config } }) =>
          QUIET.includes(config.logging.level)
            ? [
                atKey(["logging", "level"], `logging.level is ${config.logging.level}.`, "Use info.", {
                  command: setKey(["logging", "level"], "info"),
                }),
              ]
            : [],
      },
      {
        id: "record.log_chatty",
        severity: "info",
        title: "The application log tells everything",
        why: "It fills the disk, and details of requests are kept longer than they should.",
        run: ({ configuration: { config } }) =>
          ["debug", "trace"].includes(config.logging.level)
            ? [
                atKey(["logging", "level"], `logging.level is ${config.logging.level}.`, "Use info.", {
                  command: setKey(["logging", "level"], "info"),
                }),
              ]
            : [],
      },
      {
        id: "record.security_log_silent",
        severity: "warn",
        title: "The security log leaves warnings out",
        why: "Failed sign-ins and refusals are warnings.",
        run: ({ configuration: { config } }) =>
          ["error", ...QUIET].includes(config.logging.security.level)
            ? [
                atKey(
                  [...SECURITY, "level"],
                  `logging.security.level is ${config.logging.security.level}.`,
                  "Use warn.",
                  { command: setKey([...SECURITY, "level"], "warn") },
                ),
              ]
            : [],
      },
      {
        id: "record.logs_kept_short",
        severity: "info",
        title: "Logs are kept for a short time",
        why: "After a weekend nothing is left to look at.",
        run: ({ configuration: { config } }) =>
          config.security.storage.logRetention < SHORT_LOG_MS
            ? [
                atKey(
                  ["security", "storage", "logRetention"],
                  `security.storage.logRetention is ${Math.round(config.security.storage.logRetention / DAY_MS)} days.`,
                  "Keep them for 30 days.",
                  { command: setKey(["security", "storage", "logRetention"], "30d") },
                ),
              ]
            : [],
      },
    ],
  ),
];
