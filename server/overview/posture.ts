/**
 * The guide's security checklist, each line judged from what is so now (OPS-1): nothing here is a box that somebody ticked. Pure.
 */
import type { DueItem, MaintenanceItem } from "#server/maintenance/schema.ts";
import type { Posture, PostureFix, PostureLine } from "#server/overview/schema.ts";

/** A setting of the file with the line it stands on; null = its default. */
interface Setting<T> {
  value: T;
  line: number | null;
}

export interface PostureFacts {
  at: Date;
  /** The configuration file. */
  file: string;
  /** Why the shared token is not fit; null = fit. Undefined = there is none. `kept`: how it stands in the file. */
  sharedToken: { weak: string | null; kept: "plain" | "reference" | "encrypted"; line: number | null } | undefined;
  bind: Setting<string> & { loopback: boolean };
  tls: { own: boolean; byProxy: boolean; validUntil: Date | null };
  authorization: Setting<boolean>;
  sandboxing: Setting<boolean>;
  auditing: Setting<boolean>;
  backups: {
    last: Date | null;
    verified: { at: Date; ok: boolean } | null;
    intervalMs: number;
    /** Longest time between two test restores. */
    verifyEveryMs: number;
  };
  /** Names of files and folders that give others more than they should; null = could not be looked at. */
  openFiles: readonly string[] | null;
  /** What only the database knows; null while the gateway does not run. */
  running: {
    tokens: { live: number; wide: number; endless: number; oldest: { id: string; days: number } | null };
    members: { enabled: number; withoutFactor: readonly string[] };
    roles: readonly string[];
    /** Roles and tokens that give more than anybody needs. */
    accessFindings: readonly string[];
    engine: { state: "ready" | "image_missing" | "unreachable" | "no_worker"; problem: string | null };
    audit: { sealedTo: number | null; waiting: number };
    /** When each part of the upkeep was last done and is due. */
    upkeep: readonly DueItem[];
    /** Keys of outside services that are due within `notifyBefore`, or are overdue. `watched`: whether notices go out. */
    keys: { dueSoon: readonly string[]; overdue: readonly string[]; watched: boolean };
  } | null;
}

const DAY_MS = 86_400_000;
const CERTIFICATE_DAYS = 30;
/** Batches are sealed within a second; so many that wait mean that nobody seals. */
const SEAL_BACKLOG = 1_000;
/** A backup that is this many intervals old was missed more than once. */
const MISSED_INTERVALS = 3;

type Judged = Pick<PostureLine, "state" | "evidence" | "fix">;

export function posture(facts: PostureFacts): Posture {
  const setup: [string, string, Judged][] = [
    ["default_secrets", "Change default tokens and passwords", defaultSecrets(facts)],
    ["network", "Configure secure network binding", network(facts)],
    ["authentication", "Set up proper authentication", authentication(facts)],
    ["roles", "Implement role-based access control", roles(facts)],
    ["sandbox", "Enable sandboxing", sandbox(facts)],
    ["audit", "Configure audit logging", auditLogging(facts)],
  ];
  const upkeep: [string, string, MaintenanceItem | null, Judged][] = [
    ["security_updates", "Security updates", "vulnerability_check", securityUpdates(facts)],
    ["token_rotation", "Token rotation", "token_rotation", tokenRotation(facts)],
    ["key_rotation", "Rotation of provider keys and secrets", null, keyRotation(facts)],
    ["permissions", "Permission audits", "permission_audit", permissionAudit(facts)],
    ["log_review", "Log review", "log_review", logReview(facts)],
    ["security_scans", "Security scans", "security_scan", securityScans(facts)],
    ["backups", "Backup verification", "backup_verification", backups(facts)],
  ];
  const lines = [
    ...setup.map(([id, label, judged]): PostureLine => ({ id, part: "setup", label, ...judged, dueAt: null })),
    ...upkeep.map(([id, label, item, judged]): PostureLine => ({
      id,
      part: "maintenance",
      label,
      ...judged,
      dueAt: item === null ? null : (itemOf(facts, item)?.dueAt ?? null),
    })),
  ];
  return { at: facts.at, lines, ...scoreOf(lines) };
}

/** A line that is done counts whole, one to do half, one at risk nothing; what is not known does not count. */
function scoreOf(lines: readonly PostureLine[]): { score: number | null; explanation: string } {
  const count = (state: PostureLine["state"]): number => lines.filter((line) => line.state === state).length;
  const [done, todo, risk, unknown] = [count("done"), count("todo"), count("risk"), count("unknown")];
  const known = done + todo + risk;
  const parts = [`${done} done`, `${todo} to do (count half)`, `${risk} at risk (count nothing)`];
  return {
    score: known === 0 ? null : Math.round((100 * (done + todo / 2)) / known),
    explanation: `${parts.join(", ")}${unknown === 0 ? "" : `; ${unknown} not known and left out`}`,
  };
}

const at = ({ file }: PostureFacts, line: number | null): string =>
  line === null ? "the default" : `in ${file}:${line}`;
const fix = (text: string, how: { command?: string; href?: string } = {}): PostureFix => ({
  text,
  command: how.command ?? null,
  href: how.href ?? null,
});
const setting = (path: string): string => `/config?path=${encodeURIComponent(path)}`;
const done = (evidence: string): Judged => ({ state: "done", evidence, fix: null });
const todo = (evidence: string, how: PostureFix): Judged => ({ state: "todo", evidence, fix: how });
const risk = (evidence: string, how: PostureFix): Judged => ({ state: "risk", evidence, fix: how });
const unknown = (evidence: string): Judged => ({
  state: "unknown",
  evidence,
  fix: fix("Start the gateway to see it.", { command: "npm start" }),
});
const NOT_RUNNING = "Only a running gateway can tell.";

function defaultSecrets(facts: PostureFacts): Judged {
  const { sharedToken } = facts;
  if (sharedToken === undefined) {
    return done("gateway.token is not set: there is no shared token, and nothing is delivered with one.");
  }
  const where = at(facts, sharedToken.line);
  if (sharedToken.weak !== null) {
    return risk(
      `gateway.token ${sharedToken.weak} (${where}).`,
      fix("Give each client a token of its own, and remove the shared one.", {
        command: "openclaw gateway generate-token",
        href: setting("gateway.token"),
      }),
    );
  }
  return sharedToken.kept === "plain"
    ? todo(
        `gateway.token is strong, but stands in plain text ${where}.`,
        fix("Encrypt the secrets of the file.", { command: "openclaw config encrypt" }),
      )
    : done(`gateway.token is no placeholder, and is kept as ${sharedToken.kept} ${where}.`);
}

function network(facts: PostureFacts): Judged {
  const { bind, tls, at: now } = facts;
  const where = `gateway.bind = ${bind.value}, ${at(facts, bind.line)}`;
  const left = tls.validUntil === null ? null : Math.floor((tls.validUntil.getTime() - now.getTime()) / DAY_MS);
  if (left !== null && left < CERTIFICATE_DAYS) {
    const words = left < 0 ? `expired ${-left} days ago` : `expires in ${left} days`;
    const renew = fix("Put a renewed certificate in place; it is taken up by itself.", {
      href: setting("gateway.tls"),
    });
    return left < 0
      ? risk(`The certificate ${words}; ${where}.`, renew)
      : todo(`The certificate ${words}; ${where}.`, renew);
  }
  if (bind.loopback) {
    return done(`Only this machine can connect: ${where}.`);
  }
  if (tls.own) {
    return done(`Others can connect, with TLS only: ${where}.`);
  }
  return tls.byProxy
    ? todo(
        `A proxy ends TLS, and the way from it is not encrypted: ${where}.`,
        fix("Let the gateway speak TLS itself, or keep both on one machine.", { href: setting("gateway.tls") }),
      )
    : risk(
        `Others can connect without TLS: ${where}.`,
        fix("Listen on this machine only, or switch TLS on.", {
          command: "openclaw config set gateway.bind 127.0.0.1",
          href: setting("gateway.bind"),
        }),
      );
}

function authentication({ running }: PostureFacts): Judged {
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { members, tokens } = running;
  const tokensText = `${tokens.live} live API ${tokens.live === 1 ? "token" : "tokens"}`;
  if (members.withoutFactor.length > 0) {
    return risk(
      `Without a second factor: ${members.withoutFactor.slice(0, 5).join(", ")}. ${tokensText}.`,
      fix("Have them enrol an authenticator or a passkey.", { href: "/members" }),
    );
  }
  if (members.enabled === 0) {
    return todo(
      `No console member yet: whoever opens a link of the command line may do everything. ${tokensText}.`,
      fix("Make a member with a second factor.", { command: "openclaw console link", href: "/members" }),
    );
  }
  if (tokens.live === 0) {
    return todo(
      "No API token yet: no client can send a message.",
      fix("Make the first token.", {
        command: "openclaw gateway generate-token --name my-bot --role user",
        href: "/tokens?new",
      }),
    );
  }
  return done(
    `${members.enabled === 1 ? "1 console member, with" : `${members.enabled} console members, each with`} a second factor; ${tokensText}.`,
  );
}

function roles(facts: PostureFacts): Judged {
  const { authorization, running } = facts;
  if (!authorization.value) {
    return risk(
      `Every caller may do everything: security.authorization.enabled = false, ${at(facts, authorization.line)}.`,
      fix("Switch authorization on.", {
        command: "openclaw config set security.authorization.enabled true",
        href: setting("security.authorization.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { live, wide } = running.tokens;
  return live > 0 && wide === live
    ? todo(
        `${live === 1 ? "The only live token" : `Each of the ${live} live tokens`} may do everything, as an administrator may.`,
        fix("Give each bot a token of a smaller role.", {
          command: "openclaw gateway generate-token --name my-bot --role user",
          href: "/tokens?new",
        }),
      )
    : done(
        `${running.roles.length} roles (${running.roles.slice(0, 5).join(", ")}); ${wide} of ${live} tokens may do everything.`,
      );
}

function sandbox(facts: PostureFacts): Judged {
  const { sandboxing, running } = facts;
  if (!sandboxing.value) {
    return todo(
      `Code is refused, because nothing runs outside a sandbox: security.sandboxing.enabled = false, ${at(facts, sandboxing.line)}.`,
      fix("Switch the sandbox on.", {
        command: "openclaw config set security.sandboxing.enabled true",
        href: setting("security.sandboxing.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { state, problem } = running.engine;
  return state === "ready"
    ? done("Every run gets a container of its own, and the engine is ready.")
    : todo(
        problem ?? "The engine cannot start containers.",
        fix(
          state === "image_missing" ? "Make the sandbox image." : "Start Docker Engine and the worker.",
          state === "image_missing" ? { command: "npm start" } : { command: "openclaw start" },
        ),
      );
}

function auditLogging(facts: PostureFacts): Judged {
  const { auditing, running } = facts;
  if (!auditing.value) {
    return risk(
      `Only management is recorded: logging.audit.enabled = false, ${at(facts, auditing.line)}.`,
      fix("Switch the record on.", {
        command: "openclaw config set logging.audit.enabled true",
        href: setting("logging.audit.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { sealedTo, waiting } = running.audit;
  return waiting >= SEAL_BACKLOG || (sealedTo === null && waiting > 0)
    ? risk(
        `${waiting} batches of events wait to be sealed.`,
        fix("Look at why the sealer does not work.", { command: "openclaw security verify-audit" }),
      )
    : done(`On, and sealed up to #${sealedTo ?? 0}.`);
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
