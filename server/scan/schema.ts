/** Words of security scans: severities, areas, findings, reports, suppressions. Browser-safe. */
import { z } from "zod";
import { SCAN_AREAS, SCAN_SEVERITIES } from "#server/scan/policy.ts";

const GRADES = ["A", "B", "C", "D", "F"] as const;
export type Grade = (typeof GRADES)[number];

const Fix = z.object({
  /** One sentence. */
  text: z.string(),
  /** To be typed as it stands; null where no command does it. */
  command: z.string().nullable(),
});

const Location = z.object({
  file: z.string(),
  /** From 1; null when the file as a whole is meant. */
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
});

export const ScanFinding = z.object({
  /** Id of the check. */
  id: z.string(),
  severity: z.enum(SCAN_SEVERITIES),
  area: z.enum(SCAN_AREAS),
  title: z.string(),
  why: z.string(),
  /** What it is about: a configuration path, a file, `token …`. */
  subject: z.string(),
  /** What is so. Fit to show: nothing in it moves a cursor or hides. */
  evidence: z.string(),
  configPath: z.string().nullable(),
  location: Location.nullable(),
  fix: Fix,
  /** The same for the same check and subject in every scan. */
  fingerprint: z.string(),
  /** Whether `--fix` corrects it. */
  fixable: z.boolean(),
});
export type ScanFinding = z.infer<typeof ScanFinding>;

export const SuppressedFinding = ScanFinding.extend({
  suppression: z.object({ id: z.string(), reason: z.string(), until: z.date(), createdBy: z.string() }),
});
export type SuppressedFinding = z.infer<typeof SuppressedFinding>;

/** A part that could not be looked at: never taken for sound. */
export const NotChecked = z.object({
  /** What could not be read. */
  source: z.string(),
  why: z.string(),
  /** Ids of the checks that did not run because of it. */
  checks: z.array(z.string()),
});
export type NotChecked = z.infer<typeof NotChecked>;

export const ScanReport = z.object({
  at: z.date(),
  score: z.number().int(),
  grade: z.enum(GRADES),
  /** Whether every check ran. */
  complete: z.boolean(),
  checksRun: z.number().int(),
  durationMs: z.number().int(),
  /** Worst first. */
  findings: z.array(ScanFinding),
  suppressed: z.array(SuppressedFinding),
  notChecked: z.array(NotChecked),
});
export type ScanReport = z.infer<typeof ScanReport>;

const SCAN_TRIGGERS = ["schedule", "console", "cli"] as const;
export type ScanTrigger = (typeof SCAN_TRIGGERS)[number];

/** A stored scan without its findings. */
export const ScanSummary = z.object({
  id: z.string(),
  at: z.date(),
  trigger: z.enum(SCAN_TRIGGERS),
  requestedBy: z.string(),
  score: z.number().int(),
  grade: z.enum(GRADES),
  complete: z.boolean(),
  checksRun: z.number().int(),
  durationMs: z.number().int(),
  critical: z.number().int(),
  warn: z.number().int(),
  info: z.number().int(),
  suppressed: z.number().int(),
  /** Findings that the scan before did not have. */
  fresh: z.number().int(),
  freshCritical: z.number().int(),
});
export type ScanSummary = z.infer<typeof ScanSummary>;

const StoredFinding = ScanFinding.extend({ isNew: z.boolean() });
export type StoredFinding = z.infer<typeof StoredFinding>;

export const Suppression = z.object({
  id: z.string(),
  checkId: z.string(),
  /** Text that subject or evidence has to hold; null = every finding of the check. */
  match: z.string().nullable(),
  reason: z.string(),
  until: z.date(),
  createdBy: z.string(),
  createdAt: z.date(),
  /** Whether it still holds. */
  live: z.boolean(),
});
export type Suppression = z.infer<typeof Suppression>;

export const ScansView = z.object({
  /** The newest one with its findings; null before the first. */
  last: z
    .object({
      scan: ScanSummary,
      findings: z.array(StoredFinding),
      suppressed: z.array(SuppressedFinding),
      notChecked: z.array(NotChecked),
      /** Findings of the scan before that are gone. */
      resolved: z.number().int(),
    })
    .nullable(),
  /** Oldest first, for the trend. */
  history: z.array(ScanSummary),
  suppressions: z.array(Suppression),
  schedule: z.object({ enabled: z.boolean(), intervalMs: z.number() }),
});
export type ScansView = z.infer<typeof ScansView>;

const DAY_MS = 86_400_000;
/** A suppression has to be thought over once a year. */
export const MAX_SUPPRESSION_MS = 366 * DAY_MS;

const NO_CONTROL = /^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u;
const line = (max: number) =>
  z.string().trim().min(1).max(max).regex(NO_CONTROL, "must not hold control characters or invisible ones");

export const SuppressRequest = z.strictObject({
  checkId: z
    .string()
    .max(80)
    .regex(/^[a-z][a-z-]*\.[a-z0-9_]+$/, 'must be the id of a check such as "tls.expires_soon"'),
  match: line(200).optional(),
  reason: line(500),
  until: z.coerce.date(),
});
export type SuppressRequest = z.output<typeof SuppressRequest>;

export const UnsuppressRequest = z.strictObject({ id: z.string().regex(/^sup_[0-9a-z]{20}$/) });
