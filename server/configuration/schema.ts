/** Words of the configuration's editor: what it is given and what it gives. Browser-safe. */
import { z } from "zod";
import { MAX_TEXT, VERSION_ID } from "#server/configuration/policy.ts";

/** How a version came to be in force. */
export const CHANGE_SOURCES = ["file", "console", "cli", "rollback"] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];

/** Of the file as it lay on the disk when it was read; null = there was none. */
const BaseHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable();
const VersionId = z.string().regex(VERSION_ID);
const Text = z.string().max(MAX_TEXT);

export const EditedText = z.strictObject({ text: Text, base: BaseHash });
export type EditedText = z.infer<typeof EditedText>;
export const RollbackInput = z.strictObject({ version: VersionId, base: BaseHash });
export const VersionInput = z.strictObject({ version: VersionId });

const Problem = z.object({
  severity: z.enum(["error", "warning"]),
  path: z.string(),
  line: z.number(),
  column: z.number(),
  reason: z.string(),
  fix: z.string(),
});

const DiffLine = z.object({
  kind: z.enum(["same", "added", "removed"]),
  /** Line number in the old and in the new text. */
  before: z.number().nullable(),
  after: z.number().nullable(),
  text: z.string(),
});
export type DiffLine = z.infer<typeof DiffLine>;

/** Lines that differ with some around them; between two hunks lines are left out. */
const Diff = z.object({ hunks: z.array(z.array(DiffLine)), added: z.number(), removed: z.number() });
export type Diff = z.infer<typeof Diff>;

const SettingChange = z.object({
  path: z.string(),
  kind: z.enum(["added", "removed", "changed"]),
  /** As people write it, secrets masked; null where there is none. */
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** Taken up by the next start only. */
  restart: z.boolean(),
});
export type SettingChange = z.infer<typeof SettingChange>;

export const ConfigDocument = z.object({
  file: z.string(),
  base: BaseHash,
  /** Secrets masked. */
  text: z.string(),
  /** `in_force`: the file cannot be read as JSON5, so that the text is that of the version in force. */
  source: z.enum(["file", "in_force", "none"]),
  /** What is to be said about the file as it lies on the disk. */
  problems: z.array(Problem),
  /** Whether the file on the disk is what runs. */
  inForce: z.boolean(),
  loadedAt: z.date(),
  /** Settings that were changed since the start and wait for the next one. */
  restartPending: z.array(z.string()),
  /** Line of each key of `text`. */
  places: z.array(z.object({ path: z.string(), line: z.number() })),
});
export type ConfigDocument = z.infer<typeof ConfigDocument>;

export const ConfigCheck = z.object({
  problems: z.array(Problem),
  diff: Diff,
  changes: z.array(SettingChange),
  /** New secrets that will be encrypted, like the others of the file. */
  encrypted: z.array(z.string()),
});
export type ConfigCheck = z.infer<typeof ConfigCheck>;

export const AppliedConfig = z.object({ paths: z.array(z.string()), restart: z.array(z.string()) });
export type AppliedConfig = z.infer<typeof AppliedConfig>;

const Version = z.object({
  id: z.string(),
  at: z.date(),
  by: z.string(),
  source: z.enum(CHANGE_SOURCES),
  /** What differs from the version before, by name. */
  paths: z.array(z.string()),
  hash: z.string(),
  /** Its text is what lies on the disk now. */
  current: z.boolean(),
});
export type Version = z.infer<typeof Version>;

export const ConfigHistory = z.object({ versions: z.array(Version), unreadable: z.number() });
export type ConfigHistory = z.infer<typeof ConfigHistory>;

/** `base`: of the file it is compared with; what a rollback has to be based on. */
export const VersionView = z.object({ version: Version, text: z.string(), check: ConfigCheck, base: BaseHash });
export type VersionView = z.infer<typeof VersionView>;

const Setting = z.object({
  path: z.string(),
  /** As people write it, secrets masked; null = not set and without a default. */
  value: z.string().nullable(),
  /** Line of the file; null = the default. */
  line: z.number().nullable(),
  description: z.string(),
  type: z.string(),
  restart: z.boolean(),
});
export const EffectiveSettings = z.object({ file: z.string(), settings: z.array(Setting) });
export type EffectiveSettings = z.infer<typeof EffectiveSettings>;

export const PolicyExport = z.object({ text: z.string() });
