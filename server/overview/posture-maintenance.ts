/** The checklist's lines about what has to be done again and again (OPS-1). Pure. */
import type { DueItem, MaintenanceItem } from "#server/maintenance/schema.ts";
import {
  NOT_RUNNING,
  DAY_MS,
  done,
  fix,
  risk,
  setting,
  todo,
  unknown,
  type Judged,
  type PostureFacts,
} from "#server/overview/judged.ts";
import type { PostureFix, PostureLine } from "#server/overview/schema.ts";

/** A backup that is this many intervals old was missed more than once. */
const MISSED_INTERVALS = 3;

export function maintenanceLines(facts: PostureFacts): PostureLine[] {
  const judged: [string, string, MaintenanceItem | null, Judged][] = [
    ["security_updates", "Security updates", "vulnerability_check", securityUpdates(facts)],
    ["token_rotation", "Token rotation", "token_rotation", tokenRotation(facts)],
    ["key_rotation", "Rotation of provider keys and secrets", null, keyRotation(facts)],
    ["permissions", "Permission audits", "permission_audit", permissionAudit(facts)],
    ["log_review", "Log review", "log_review", logReview(facts)],
    ["security_scans", "Security scans", "security_scan", securityScans(facts)],
    ["backups", "Backup verification", "backup_verification", backups(facts)],
  ];
  return judged.map(([id, label, item, line]) => ({
    id,
    part: "maintenance",
    label,
    ...line,
    dueAt: item === null ? null : (itemOf(facts, item)?.dueAt ?? null),
  }));
}

const itemOf = ({ running }: PostureFacts, item: MaintenanceItem): DueItem | undefined =>
  running?.upkeep.find((one) => one.item === item);

const ago = (now: Date, then: Date): string => {
  const days = Math.floor((now.getTime() - then.getTime()) / DAY_MS);
  return days <= 0 ? "today" : days === 1 ? "yesterday" : `${days} days ago`;
};

/** Upkeep that is done by doing it: its date says everything. */
function byDate(facts: PostureFacts, item: MaintenanceItem, what: string, how: PostureFix): Judged {
  const due = itemOf(facts, item);
  if (due === undefined) {
    return unknown(NOT_RUNNING);
  }
  const last = due.lastAt === null ? `${what}: never yet.` : `${what}: ${ago(facts.at, due.lastAt)}.`;
  return due.state === "due" || due.lastAt === null ? todo(last, how) : done(last);
}

const securityUpdates = (facts: PostureFacts): Judged =>
  byDate(
    facts,
    "vulnerability_check",
    "Last look for known vulnerabilities",
    fix("Look for them.", { command: "openclaw security check-vulnerabilities" }),
  );

const securityScans = (facts: PostureFacts): Judged =>
  byDate(facts, "security_scan", "Last security scan", fix("Scan.", { command: "openclaw security scan" }));

function keyRotation({ running }: PostureFacts): Judged {
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { dueSoon, overdue, watched } = running.keys;
  const how = fix("Rotate them.", { command: "openclaw keys list", href: "/keys" });
  const off = watched ? "" : " Notices are off (security.keyRotation.enabled).";
  if (overdue.length > 0) {
    return todo(`Overdue: ${overdue.slice(0, 5).join(", ")}.${off}`, how);
  }
  if (dueSoon.length > 0) {
    return todo(`Due soon: ${dueSoon.slice(0, 5).join(", ")}.${off}`, how);
  }
  return watched
    ? done("No key of an outside service is due.")
    : todo(
        `No key is due.${off}`,
        fix("Switch them on.", {
          command: "openclaw config set security.keyRotation.enabled true",
          href: setting("security.keyRotation.enabled"),
        }),
      );
}

function tokenRotation(facts: PostureFacts): Judged {
  const { running } = facts;
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { oldest, endless } = running.tokens;
  if (oldest !== null && itemOf(facts, "token_rotation")?.state === "due") {
    return todo(
      `Token ${oldest.id} is ${oldest.days} days old.`,
      fix("Rotate it.", { command: `openclaw gateway rotate-token ${oldest.id}`, href: "/tokens" }),
    );
  }
  return endless > 0
    ? todo(
        `${endless} live ${endless === 1 ? "token never expires" : "tokens never expire"}.`,
        fix("Give them an end when you rotate them.", { href: "/tokens" }),
      )
    : done(oldest === null ? "There is no live token." : `The oldest live token is ${oldest.days} days old.`);
}

function permissionAudit(facts: PostureFacts): Judged {
  const { openFiles, running } = facts;
  const command = "openclaw security check-permissions";
  if (openFiles !== null && openFiles.length > 0) {
    return risk(
      `Others can get at ${openFiles.slice(0, 3).join(", ")}${openFiles.length > 3 ? ` and ${openFiles.length - 3} more` : ""}.`,
      fix("Correct the modes.", { command: `${command} --fix` }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const [first] = running.accessFindings;
  if (first !== undefined) {
    return todo(
      `${running.accessFindings.length} roles or tokens give more than anybody needs: ${first}.`,
      fix("Look at them one by one.", { command }),
    );
  }
  if (itemOf(facts, "permission_audit")?.state === "due") {
    return byDate(facts, "permission_audit", "Last check of permissions by a person", fix("Check them.", { command }));
  }
  return done(
    openFiles === null ? "Roles and tokens give what they need." : "Files, roles and tokens give what they need.",
  );
}

const logReview = (facts: PostureFacts): Judged =>
  byDate(
    facts,
    "log_review",
    "The record was last read",
    fix("Read what happened.", { command: "openclaw security report --last 30d", href: "/audit" }),
  );

function backups(facts: PostureFacts): Judged {
  const {
    backups: { last, verified, intervalMs, verifyEveryMs },
    at: now,
  } = facts;
  if (verified?.ok === false) {
    return risk(
      "The last test could not restore a backup.",
      fix("Make a new backup and test it.", { command: "openclaw security backup-config", href: "/backups" }),
    );
  }
  if (last === null) {
    return todo(
      "There is no backup yet.",
      fix("Make one.", { command: "openclaw security backup-config", href: "/backups" }),
    );
  }
  if (intervalMs > 0 && now.getTime() - last.getTime() > MISSED_INTERVALS * intervalMs) {
    const days = Math.floor((now.getTime() - last.getTime()) / DAY_MS);
    return risk(`The last backup is ${days} days old.`, fix("Make one.", { href: "/backups" }));
  }
  const isFresh = verified !== null && now.getTime() - verified.at.getTime() < verifyEveryMs;
  return isFresh
    ? done(`A backup was restored for a test ${ago(now, verified.at)}, and everything came back.`)
    : todo(
        verified === null
          ? "No backup was restored for a test yet."
          : `The last test restore of a backup was ${ago(now, verified.at)}.`,
        fix("Test the newest one.", { command: "openclaw security verify-backup latest", href: "/backups" }),
      );
}
