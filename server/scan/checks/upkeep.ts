/** Whether somebody is told, and what is due. */
import { atKey, checksOf, daysBetween, DAY_MS, type Check } from "#server/scan/check.ts";
import { isLoopbackHost } from "#server/scan/checks/words.ts";
import { few, shellWord } from "#server/scan/shown.ts";

const LOOKED_UP_DAYS = 30;
const SMTP = ["security", "monitoring", "alerting", "smtp"] as const;

export const UPKEEP_CHECKS: readonly Check[] = [
  ...checksOf(
    "monitoring",
    ["upkeep"],
    [
      {
        id: "monitoring.nobody_told",
        severity: "warn",
        title: "Alerts reach nobody",
        why: "Whoever does not look at the console all day learns of an attack from somebody else.",
        run: ({ upkeep: { contacts } }) =>
          contacts.some(({ enabled }) => enabled)
            ? []
            : [
                {
                  subject: "contact points",
                  evidence: "There is no contact point that is on.",
                  fix: "Add one, under Alerts.",
                },
              ],
      },
      {
        id: "monitoring.contact_off",
        severity: "warn",
        title: "A contact point was switched off",
        why: "Somebody believes that they are told.",
        run: ({ upkeep: { contacts } }) =>
          contacts
            .filter(({ enabled, disabledReason }) => !enabled && disabledReason !== null)
            .map(({ name, disabledReason }) => ({
              subject: `contact point ${name}`,
              evidence: `${name}: ${disabledReason ?? ""}.`,
              fix: "Correct its address and switch it on, under Alerts.",
            })),
      },
      {
        id: "monitoring.rules_failing",
        severity: "warn",
        title: "An alert rule cannot be evaluated",
        why: "It looks like a watch and sees nothing.",
        run: ({ upkeep: { rules } }) =>
          rules
            .filter(({ health, paused }) => health === "failed" && !paused)
            .map(({ name }) => ({
              subject: `rule ${name}`,
              evidence: `${name} failed.`,
              fix: "Correct it, under Alerts.",
            })),
      },
      {
        id: "monitoring.rules_paused",
        severity: "info",
        title: "Built-in alert rules are paused",
        why: "A pause that somebody forgot is a blind spot.",
        run: ({ upkeep: { rules } }) => {
          const paused = rules.filter((rule) => rule.isBuiltIn && rule.paused).map(({ name }) => name);
          return paused.length === 0
            ? []
            : [{ subject: "alert rules", evidence: `Paused: ${few(paused, 5)}.`, fix: "Let them run, under Alerts." }];
        },
      },
    ],
  ),
  ...checksOf(
    "monitoring",
    ["upkeep", "configuration"],
    [
      {
        id: "monitoring.key_overdue",
        severity: "warn",
        title: "A key is overdue for rotation",
        why: "The longer a key is in use, the more places hold a copy of it.",
        run: ({ upkeep: { keys }, configuration: { config } }, at) => {
          const { enabled, interval } = config.security.keyRotation;
          return enabled
            ? keys
                .filter(({ rotatedAt }) => at.getTime() - rotatedAt.getTime() > interval)
                .map(({ id, rotatedAt }) => ({
                  subject: `key ${id}`,
                  evidence: `${id} is ${daysBetween(rotatedAt, at)} days old; it is due after ${Math.round(interval / DAY_MS)}.`,
                  fix: "Rotate it.",
                  command: `openclaw keys rotate ${shellWord(id)}`,
                }))
            : [];
        },
      },
    ],
  ),
  ...checksOf(
    "monitoring",
    ["configuration"],
    [
      {
        id: "monitoring.smtp_plain",
        severity: "warn",
        title: "Alerts are mailed in the clear",
        why: "Whoever listens learns of attacks as soon as you do, and gets the password of the mail account.",
        run: ({ configuration: { config } }) => {
          const { smtp } = config.security.monitoring.alerting;
          return smtp?.secure === "none" && !isLoopbackHost(smtp.host)
            ? [
                atKey(
                  [...SMTP, "secure"],
                  `security.monitoring.alerting.smtp.secure is none, and ${smtp.host} is another machine.`,
                  "Use starttls or tls.",
                  {
                    command: "openclaw config set security.monitoring.alerting.smtp.secure starttls",
                  },
                ),
              ]
            : [];
        },
      },
    ],
  ),
  ...checksOf(
    "dependencies",
    ["upkeep"],
    [
      {
        id: "dependencies.known_vulnerability",
        severity: "warn",
        title: "A vulnerability of an installed package is known",
        why: "How to use it is public.",
        run: ({ upkeep: { vulnerabilities } }) =>
          (vulnerabilities?.findings ?? []).map(({ id, name, version, severity, fixedIn }) => ({
            subject: `${id} ${name}`,
            evidence: `${name} ${version}: ${id} (${severity}).`,
            fix:
              fixedIn === null
                ? "No correction is known; see what it needs to be used."
                : `Update to ${fixedIn} or later.`,
            command: "openclaw security check-vulnerabilities",
            ...(severity === "critical" || severity === "high" || severity === "unknown"
              ? { severity: "critical" as const }
              : {}),
          })),
      },
      {
        id: "dependencies.not_looked_up",
        severity: "info",
        title: "Nobody has looked for known vulnerabilities lately",
        why: "New ones are published every day.",
        run: ({ upkeep: { vulnerabilities } }, at) =>
          vulnerabilities === null ||
          vulnerabilities.verdict === "unknown" ||
          daysBetween(vulnerabilities.at, at) >= LOOKED_UP_DAYS
            ? [
                {
                  subject: "vulnerabilities",
                  evidence:
                    vulnerabilities === null
                      ? "There was no look-up yet."
                      : `The last look-up was ${daysBetween(vulnerabilities.at, at)} days ago (${vulnerabilities.verdict}).`,
                  fix: "Look them up.",
                  command: "openclaw security check-vulnerabilities",
                },
              ]
            : [],
      },
    ],
  ),
];
