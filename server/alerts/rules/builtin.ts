/**
 * The rules that come with the product, as data. They become rows when the server starts and are then like any other: they can be paused and
 * changed, and a change stays. Chosen so that a gateway in ordinary use is quiet: what happens now and then by mistake (a mistyped password,
 * a limit that is reached) is told only when it comes in numbers.
 */
import type { RuleDraft } from "#server/alerts/schema.ts";
import type { AuditKind, SECURITY_KINDS } from "#server/audit/schema.ts";
import type { Config } from "#server/config/schema.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Which part of the configuration switches a rule on. */
type NeededBy =
  | { key: "logging.security.alertOnFailures"; kind: (typeof SECURITY_KINDS)[number] }
  | { key: "security.fileSystem.monitoring.alertOnSuspicious" }
  | { key: "security.monitoring.anomalyDetection.enabled" };

export interface BuiltinRule {
  /** Never changes: it is what the row is known by. */
  key: string;
  neededBy: NeededBy | null;
  rule: RuleDraft;
}

interface EventRule {
  events?: readonly string[];
  kind?: AuditKind;
  least?: "info" | "warn" | "error" | "critical";
  by?: "actor" | "user" | "address" | "channel" | "target" | "event";
  count?: number;
  windowMs: number;
  severity: RuleDraft["severity"];
  description: string;
  neededBy?: NeededBy;
}

const COMMON = {
  forMs: 0,
  keepFiringMs: 0,
  remindMs: null,
  noData: "keep",
  grouping: "rule",
  contactPoints: [],
} as const;

const onEvents = (key: string, name: string, rule: EventRule): BuiltinRule => ({
  key,
  neededBy: rule.neededBy ?? null,
  rule: {
    ...COMMON,
    contactPoints: [],
    name,
    description: rule.description,
    severity: rule.severity,
    condition: {
      type: "event",
      match: {
        events: [...(rule.events ?? [])],
        kinds: rule.kind === undefined ? [] : [rule.kind],
        severity: rule.least ?? null,
        outcome: null,
      },
      by: rule.by ?? null,
      count: rule.count ?? 1,
      windowMs: rule.windowMs,
    },
  },
});

const failure = (kind: (typeof SECURITY_KINDS)[number]): NeededBy => ({
  key: "logging.security.alertOnFailures",
  kind,
});

export const BUILTIN_RULES: readonly BuiltinRule[] = [
  {
    key: "anomaly",
    neededBy: { key: "security.monitoring.anomalyDetection.enabled" },
    rule: {
      ...COMMON,
      contactPoints: [],
      name: "Unusual activity",
      description: "A metric is far from what is usual for it, for the whole gateway or for one subject.",
      severity: "warn",
      condition: { type: "anomaly", metric: null, minScore: 0 },
    },
  },
  onEvents("sandbox-escape", "Attempt to leave the sandbox", {
    kind: "sandbox_escape",
    by: "user",
    windowMs: HOUR,
    severity: "critical",
    description: "A program tried to get out of its container.",
    neededBy: failure("sandbox_escape"),
  }),
  onEvents("grave-activity", "Grave suspicious activity", {
    kind: "suspicious_activity",
    least: "error",
    by: "event",
    windowMs: HOUR,
    severity: "critical",
    description: "Something that never happens by itself: tampering, a foreign hand on a container, unreadable data.",
    neededBy: failure("suspicious_activity"),
  }),
  onEvents("suspicious-activity", "Much suspicious activity", {
    kind: "suspicious_activity",
    by: "actor",
    count: 20,
    windowMs: 10 * MINUTE,
    severity: "warn",
    description: "One caller causes many suspicious events, such as refused connections of programs.",
    neededBy: failure("suspicious_activity"),
  }),
  onEvents("authentication-failures", "Many failed sign-ins", {
    kind: "authentication_failure",
    by: "address",
    count: 20,
    windowMs: 5 * MINUTE,
    severity: "error",
    description: "One address tries tokens, passwords or codes.",
    neededBy: failure("authentication_failure"),
  }),
  onEvents("distributed-failures", "Failed sign-ins from many places", {
    kind: "authentication_failure",
    count: 200,
    windowMs: 15 * MINUTE,
    severity: "error",
    description: "All addresses together fail to sign in far more often than people mistype.",
    neededBy: failure("authentication_failure"),
  }),
  onEvents("authorization-denials", "Many denied requests", {
    kind: "authorization_denied",
    by: "actor",
    count: 30,
    windowMs: 10 * MINUTE,
    severity: "warn",
    description: "A known caller keeps asking for what it may not do.",
    neededBy: failure("authorization_denied"),
  }),
  onEvents("rate-limit", "Limits hit again and again", {
    kind: "rate_limit_exceeded",
    by: "actor",
    count: 100,
    windowMs: 10 * MINUTE,
    severity: "warn",
    description: "A caller goes on sending after it was told to wait.",
    neededBy: failure("rate_limit_exceeded"),
  }),
  onEvents("suspicious-file", "Suspicious file", {
    events: ["file.suspicious", "file.quarantine_failed"],
    by: "user",
    windowMs: 15 * MINUTE,
    severity: "error",
    description: "A file looks like something else than it says, or like an attack.",
    neededBy: { key: "security.fileSystem.monitoring.alertOnSuspicious" },
  }),
  onEvents("record-integrity", "The audit record is damaged", {
    events: ["audit.integrity_failed", "audit.batch_unreadable", "audit.event_unknown", "data.unreadable"],
    windowMs: HOUR,
    severity: "critical",
    description: "Rows of the record, or stored data, were changed or cannot be read.",
  }),
  onEvents("container-hands", "A foreign hand on a container", {
    events: ["sandbox.container_drift", "sandbox.foreign_action"],
    windowMs: HOUR,
    severity: "critical",
    description: "A sandbox is not as it was asked for, or somebody else works on it.",
  }),
  onEvents("backup", "A backup failed", {
    events: ["backup.failed"],
    windowMs: HOUR,
    severity: "error",
    description: "A backup could not be made or verified.",
  }),
  onEvents("anchor", "Checkpoints do not leave the machine", {
    events: ["audit.anchor_failed"],
    windowMs: HOUR,
    severity: "error",
    description: "The outside copy of the record's checkpoints is not reached.",
  }),
  onEvents("key-due", "A key is due", {
    events: ["key.due"],
    by: "target",
    windowMs: HOUR,
    severity: "warn",
    description: "A key will soon be as old as it may become.",
  }),
  onEvents("key-overdue", "A key is overdue", {
    events: ["key.overdue"],
    by: "target",
    windowMs: HOUR,
    severity: "error",
    description: "A key is older than it may become.",
  }),
  onEvents("scan-regressed", "A scan found something new", {
    events: ["scan.regressed"],
    windowMs: HOUR,
    severity: "error",
    description: "The security scan has findings that were not there before.",
  }),
  onEvents("incident", "Incident", {
    events: ["incident.opened", "incident.lock_set"],
    by: "target",
    windowMs: 15 * MINUTE,
    severity: "critical",
    description: "Somebody opened an incident or locked something.",
  }),
  onEvents("maintenance-due", "Maintenance is due", {
    events: ["maintenance.due"],
    by: "target",
    windowMs: HOUR,
    severity: "warn",
    description: "A task of the maintenance calendar is due.",
  }),
  {
    key: "run-queue",
    neededBy: null,
    rule: {
      ...COMMON,
      contactPoints: [],
      name: "Runs wait",
      description: "Runs queue up: the workers are gone, or have too much to do.",
      severity: "error",
      forMs: 5 * MINUTE,
      keepFiringMs: 5 * MINUTE,
      condition: {
        type: "metric",
        metric: "run_queue",
        subject: "",
        aggregate: "max",
        windowMs: 5 * MINUTE,
        comparison: "above",
        threshold: 100,
      },
    },
  },
];

type Read = Pick<Config, "logging" | "security">;

/** The key of the configuration that keeps a built-in rule off; null = it is on. */
function offBecause({ neededBy }: Pick<BuiltinRule, "neededBy">, { logging, security }: Read): string | null {
  switch (neededBy?.key) {
    case undefined:
      return null;
    case "logging.security.alertOnFailures":
      if (!logging.security.alertOnFailures) {
        return neededBy.key;
      }
      return logging.security.events.includes(neededBy.kind) ? null : "logging.security.events";
    case "security.fileSystem.monitoring.alertOnSuspicious":
      return security.fileSystem.monitoring.alertOnSuspicious ? null : neededBy.key;
    case "security.monitoring.anomalyDetection.enabled":
      return security.monitoring.anomalyDetection.enabled ? null : neededBy.key;
  }
}

/** The same by a rule's key; rules that somebody made are always on. */
export function offBecauseOf(builtin: string | null, config: Read): string | null {
  const rule = BUILTIN_RULES.find(({ key }) => key === builtin);
  return rule === undefined ? null : offBecause(rule, config);
}
