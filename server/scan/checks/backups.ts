/** Backups: there, new, encrypted, and known to come back. */
import { atKey, checksOf, daysBetween, setKey, DAY_MS, type Check } from "#server/scan/check.ts";

const STORAGE = ["security", "storage"] as const;
const SHORT_MS = 7 * DAY_MS;
const VERIFY_DAYS = 30;
const FULL_DAYS = 30;
/** One that is this many intervals old was missed more than once. */
const MISSED = 3;

export const BACKUP_CHECKS: readonly Check[] = [
  ...checksOf(
    "backups",
    ["configuration"],
    [
      {
        id: "backups.interval_off",
        severity: "warn",
        title: "No backup is made by itself",
        why: "The day it is needed it is as old as somebody's memory.",
        run: ({ configuration: { config } }) =>
          config.security.storage.backupInterval === 0
            ? [
                atKey([...STORAGE, "backupInterval"], "security.storage.backupInterval is 0.", "Make one every day.", {
                  command: setKey([...STORAGE, "backupInterval"], "24h"),
                }),
              ]
            : [],
      },
      {
        id: "backups.encryption_off",
        severity: "critical",
        title: "Backups are not encrypted",
        why: "They are copied to places nobody watches.",
        run: ({ configuration: { config } }) =>
          config.security.storage.backupEncryption
            ? []
            : [
                atKey(
                  [...STORAGE, "backupEncryption"],
                  "security.storage.backupEncryption is false.",
                  "Switch it on.",
                  { command: setKey([...STORAGE, "backupEncryption"], "true") },
                ),
              ],
      },
      {
        id: "backups.kept_short",
        severity: "warn",
        title: "Backups are kept for a short time",
        why: "What was destroyed unnoticed is destroyed in every backup by then.",
        run: ({ configuration: { config } }) =>
          config.security.storage.backupRetention < SHORT_MS
            ? [
                atKey(
                  [...STORAGE, "backupRetention"],
                  `security.storage.backupRetention is ${Math.round(config.security.storage.backupRetention / DAY_MS)} days.`,
                  "Keep them for 90 days.",
                  { command: setKey([...STORAGE, "backupRetention"], "90d") },
                ),
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "backups",
    ["backups"],
    [
      {
        id: "backups.none",
        severity: "warn",
        title: "There is no backup",
        why: "A lost disk or a lost key is the end of everything that is stored.",
        run: ({ backups }) =>
          backups.length === 0
            ? [
                {
                  subject: "backups",
                  evidence: "The folder holds none.",
                  fix: "Make one.",
                  command: "openclaw security backup-config",
                },
              ]
            : [],
      },
      {
        id: "backups.archive_plain",
        severity: "critical",
        title: "A backup is not encrypted",
        why: "Whoever finds the file reads configuration and policy.",
        run: ({ backups }) =>
          backups
            .filter(({ encrypted }) => encrypted === false)
            .map(({ name }) => ({
              subject: name,
              file: name,
              evidence: `${name} is not encrypted.`,
              fix: "Make an encrypted one and remove this.",
              command: "openclaw security backup-config",
            })),
      },
      {
        id: "backups.archive_damaged",
        severity: "warn",
        title: "A backup does not begin like one",
        why: "It cannot be restored.",
        run: ({ backups }) =>
          backups
            .filter(({ encrypted }) => encrypted === null)
            .map(({ name }) => ({
              subject: name,
              file: name,
              evidence: `${name} is damaged.`,
              fix: "Make a new one, and find out what changed the file.",
              command: "openclaw security backup-config",
            })),
      },
      {
        id: "backups.test_failed",
        severity: "critical",
        title: "A backup could not be restored for a test",
        why: "What looks like a backup is none.",
        run: ({ backups }) => {
          const newest = backups.find(({ verification }) => verification !== null);
          return newest?.verification?.ok === false
            ? [
                {
                  subject: newest.name,
                  file: newest.name,
                  evidence: `${newest.name} did not come back.`,
                  fix: "Make a new one and test it.",
                  command: "openclaw security verify-backup latest",
                },
              ]
            : [];
        },
      },
      {
        id: "backups.untested",
        severity: "warn",
        title: "No backup was restored for a test lately",
        why: "Backups that were never restored are hopes.",
        run: ({ backups }, at) => {
          const tested = backups.flatMap(({ verification }) =>
            verification === null ? [] : [verification.at.getTime()],
          );
          const newest = tested.length === 0 ? null : new Date(Math.max(...tested));
          return backups.length > 0 && (newest === null || daysBetween(newest, at) >= VERIFY_DAYS)
            ? [
                {
                  subject: "backups",
                  evidence:
                    newest === null
                      ? "None was ever tested."
                      : `The last test was ${daysBetween(newest, at)} days ago.`,
                  fix: "Test the newest one.",
                  command: "openclaw security verify-backup latest",
                },
              ]
            : [];
        },
      },
      {
        id: "backups.no_full",
        severity: "info",
        title: "No backup holds the data",
        why: "Configuration, policy and keys come back; runs, members and the record would not.",
        run: ({ backups }, at) => {
          const full = backups.find(({ kind }) => kind === "full");
          return backups.length > 0 && (full === undefined || daysBetween(full.createdAt, at) >= FULL_DAYS)
            ? [
                {
                  subject: "backups",
                  evidence:
                    full === undefined
                      ? "There is no full backup."
                      : `The last full backup is ${daysBetween(full.createdAt, at)} days old.`,
                  fix: "Make a full one.",
                  command: "openclaw security backup-config --full",
                },
              ]
            : [];
        },
      },
    ],
  ),
  ...checksOf(
    "backups",
    ["backups", "configuration"],
    [
      {
        id: "backups.stale",
        severity: "warn",
        title: "The newest backup is old",
        why: "Something keeps new ones from being made.",
        run: ({ backups, configuration: { config } }, at) => {
          const newest = backups[0];
          const interval = config.security.storage.backupInterval;
          return newest !== undefined && interval > 0 && at.getTime() - newest.createdAt.getTime() > MISSED * interval
            ? [
                {
                  subject: "backups",
                  evidence: `It was made ${daysBetween(newest.createdAt, at)} days ago; one is due every ${Math.round(interval / 3_600_000)} h.`,
                  fix: "Make one, and see why none was made.",
                  command: "openclaw security backup-config",
                },
              ]
            : [];
        },
      },
    ],
  ),
];
