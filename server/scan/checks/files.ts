/** Files and folders of the home, judged by the check of permissions; and where the home lies. */
import { checksOf, type Check, type Hit } from "#server/scan/check.ts";
import type { ScanSeverity } from "#server/scan/policy.ts";
import { shellWord } from "#server/scan/shown.ts";
import type { Area, PermissionFinding } from "#server/permissions/schema.ts";

const hitOf = ({ path, found, expected, message, fix, repair }: PermissionFinding): Hit => ({
  subject: path,
  file: path,
  evidence: `${path} is ${found} and should be ${expected}: ${message}.`,
  ...(/^(?:chmod|find) /.test(fix) ? { fix: "Correct it.", command: fix } : { fix }),
  fixable: repair !== null,
});

/** By the area whose modes they judge. */
const MODES: readonly [id: string, areas: readonly Area[], severity: ScanSeverity, title: string, why: string][] = [
  [
    "home_open",
    ["home"],
    "warn",
    "Other accounts can enter the home",
    "Every further mistake in it is then open to them.",
  ],
  [
    "config_open",
    ["config"],
    "critical",
    "Other accounts can read or change the configuration",
    "It holds secrets and decides who may do what.",
  ],
  [
    "keys_open",
    ["keys"],
    "critical",
    "Other accounts can get at the keys",
    "With them everything that is encrypted is open, and tokens can be forged.",
  ],
  [
    "public_key_writable",
    ["public_key"],
    "critical",
    "Other accounts can exchange the key that the record is verified with",
    "A forged record would verify.",
  ],
  [
    "data_open",
    ["data", "database"],
    "critical",
    "Other accounts can get at the data",
    "It holds tokens, members and what people wrote.",
  ],
  [
    "logs_open",
    ["logs"],
    "warn",
    "Other accounts can get at the logs",
    "Logs tell who wrote what, when and from where.",
  ],
  [
    "backups_open",
    ["backups"],
    "warn",
    "Other accounts can get at the backups",
    "A backup holds everything the gateway has.",
  ],
  [
    "quarantine_open",
    ["quarantine"],
    "warn",
    "Other accounts can get at quarantined files",
    "They are there because they are suspected.",
  ],
  [
    "run_open",
    ["run", "links"],
    "warn",
    "Other accounts can get at the sockets",
    "Whoever may connect to them speaks with the database or the models.",
  ],
  [
    "master_key_open",
    ["master_key"],
    "critical",
    "Other accounts can read the master secret",
    "It opens every key of this home and every backup.",
  ],
  [
    "tls_key_open",
    ["tls_key"],
    "critical",
    "Other accounts can read the key of the certificate",
    "They can pretend to be this gateway.",
  ],
  [
    "certificate_writable",
    ["certificate"],
    "warn",
    "Other accounts can exchange the certificate",
    "The gateway would no longer be who clients expect.",
  ],
  [
    "cache_writable",
    ["cache", "other"],
    "warn",
    "Other accounts can change files of the home",
    "Profiles of the sandbox and stamps of images lie there.",
  ],
];

const OTHERS: readonly [
  id: string,
  problem: PermissionFinding["problem"],
  severity: ScanSeverity,
  title: string,
  why: string,
][] = [
  [
    "foreign_owner",
    "owner",
    "critical",
    "A file belongs to another account",
    "Its owner can change it at any time, whatever its mode says.",
  ],
  [
    "link",
    "link",
    "warn",
    "A symbolic link stands in the place of a file",
    "What it leads to is used as if it were ours.",
  ],
  ["hard_link", "hard_link", "warn", "A file has a second name", "It can be read or changed under the other name."],
  [
    "unexpected_kind",
    "kind",
    "warn",
    "Something else stands in the place of a file",
    "Nothing of ours looks like this.",
  ],
  [
    "parent_writable",
    "parent",
    "critical",
    "Others can put another folder in the place of the home",
    "Keys and configuration would then be theirs.",
  ],
  ["not_looked_at", "unreadable", "warn", "A file cannot be looked at", "What is in it was not checked."],
];

export const FILE_CHECKS: readonly Check[] = [
  ...checksOf(
    "files",
    ["files"],
    [
      ...MODES.map(([id, areas, severity, title, why]) => ({
        id: `files.${id}`,
        severity,
        title,
        why,
        run: ({ files }: { files: readonly PermissionFinding[] }) =>
          files.filter(({ problem, area }) => problem === "mode" && areas.includes(area)).map(hitOf),
      })),
      ...OTHERS.map(([id, wanted, severity, title, why]) => ({
        id: `files.${id}`,
        severity,
        title,
        why,
        run: ({ files }: { files: readonly PermissionFinding[] }) =>
          files.filter(({ problem }) => problem === wanted).map(hitOf),
      })),
    ],
  ),
  ...checksOf(
    "files",
    ["surroundings"],
    [
      {
        id: "files.git_work_tree",
        severity: "warn",
        title: "The home lies in a work tree of git",
        why: "One careless commit publishes keys and configuration, and history keeps them.",
        run: ({ surroundings: { gitFolder } }) =>
          gitFolder === null
            ? []
            : [
                {
                  subject: gitFolder.folder,
                  file: gitFolder.folder,
                  evidence: `${gitFolder.what} lies in ${gitFolder.folder}, which git keeps.`,
                  fix: "Move the home out of it, and name it with OPENCLAW_HOME.",
                },
              ],
      },
      {
        id: "files.synced_folder",
        severity: "critical",
        title: "The home lies in a folder that is copied to other machines",
        why: "Keys and data leave this machine, unencrypted as they are here, and a copy that comes back can undo a revocation.",
        run: ({ surroundings: { syncedFolder } }) =>
          syncedFolder === null
            ? []
            : [
                {
                  subject: syncedFolder.folder,
                  file: syncedFolder.folder,
                  evidence: `${syncedFolder.service} copies ${syncedFolder.folder}.`,
                  fix: "Move the home out of it, and name it with OPENCLAW_HOME.",
                },
              ],
      },
      {
        id: "files.temporary_home",
        severity: "warn",
        title: "The home lies in a temporary folder",
        why: "It is emptied at some time, keys and record included, and every account may put files beside it.",
        run: ({ surroundings: { temporary } }) =>
          temporary === null
            ? []
            : [
                {
                  subject: temporary,
                  file: temporary,
                  evidence: `The home lies below ${temporary}.`,
                  fix: "Move it to a folder that stays, and name it with OPENCLAW_HOME.",
                },
              ],
      },
      {
        id: "files.config_copies",
        severity: "warn",
        title: "Copies of the configuration lie beside it",
        why: "They keep secrets that were rotated or encrypted since, and nobody watches their modes.",
        run: ({ surroundings: { copies } }) =>
          copies.map((file) => ({
            subject: file,
            file,
            evidence: `${file} looks like an older copy.`,
            fix: "Remove it; openclaw config history keeps older versions.",
            command: `rm ${shellWord(file)}`,
          })),
      },
      {
        id: "files.env_file_open",
        severity: "critical",
        title: "Other accounts can read a file of variables",
        why: "Provider keys and the master secret are commonly kept there.",
        run: ({ surroundings: { openEnvFiles } }) =>
          openEnvFiles.map((file) => ({
            subject: file,
            file,
            evidence: `${file} can be read by other accounts.`,
            fix: "Close it.",
            command: `chmod 600 ${shellWord(file)}`,
          })),
      },
    ],
  ),
];
