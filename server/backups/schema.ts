/** Words of backups: the header that anybody can read, the contents that only the master secret opens, and the names of the files. */
import { z } from "zod";

/** What this version writes and reads. */
export const FORMAT = "openclaw-backup/1";

export const BACKUP_KINDS = ["config", "full"] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

/** What can be restored by itself. */
export const RESTORE_PARTS = ["config", "keys", "policy", "data"] as const;
export type RestorePart = (typeof RESTORE_PARTS)[number];

const Base64 = z.base64().max(256);

/** Stands readable at the beginning of an archive; proven with the content. */
export const ArchiveHeader = z.strictObject({
  format: z.literal(FORMAT),
  kind: z.enum(BACKUP_KINDS),
  id: z.string().regex(/^bak_[0-9a-z]{20}$/),
  createdAt: z.iso.datetime(),
  /** Of the product that made it. */
  version: z.string().max(64),
  /** Name of the newest migration of its database. */
  schema: z.string().max(200),
  encryption: z.enum(["AES-256-GCM", "none"]),
  key: z.strictObject({
    kdf: z.literal("PBKDF2-HMAC-SHA256"),
    iterations: z.int().min(1_000).max(100_000_000),
    salt: Base64,
    wrapped: Base64,
  }),
});
export type ArchiveHeader = z.infer<typeof ArchiveHeader>;

/** Where a file of the home belongs. An archive says no more about a place than this: paths are made here, never read from it. */
const AREAS = ["config", "keys", "logs", "quarantine"] as const;
export type Area = (typeof AREAS)[number];

/** One plain name: no folder, nothing hidden, nothing that leads elsewhere. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const IDENTIFIER = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

const Digest = z.string().regex(/^[0-9a-f]{64}$/);

const FileHead = z.strictObject({ type: z.literal("file"), area: z.enum(AREAS), name: z.string().regex(FILE_NAME) });
const TableHead = z.strictObject({ type: z.literal("table"), name: IDENTIFIER, columns: z.array(IDENTIFIER).min(1) });

/** What stands before the content of each entry. */
export const EntryHead = z.discriminatedUnion("type", [
  FileHead,
  TableHead,
  z.strictObject({ type: z.literal("manifest") }),
]);
export type EntryHead = z.infer<typeof EntryHead>;

const FileFacts = FileHead.extend({ bytes: z.int().min(0), sha256: Digest });
const TableFacts = TableHead.extend({
  bytes: z.int().min(0),
  sha256: Digest,
  rows: z.int().min(0),
  /** Of its rows in any order (`row-digest.ts`). */
  digest: Digest,
});

export type TableFacts = z.infer<typeof TableFacts>;

/** The last entry: everything that came before it. */
export const Manifest = z.strictObject({
  entries: z.array(z.discriminatedUnion("type", [FileFacts, TableFacts])),
  /** Where the record of a full backup ends; null without one. */
  audit: z.strictObject({ seq: z.int().min(0), hash: Digest }).nullable(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Beside an archive: when it was last restored for a test, and what came of it. */
export const Verification = z.strictObject({
  /** SHA-256 of the archive that was tried: another file of the same name is not verified by it. */
  sha256: Digest,
  at: z.iso.datetime(),
  ok: z.boolean(),
  /** One sentence per check, or the error. */
  notes: z.array(z.string().max(2_000)).max(200),
});
export type Verification = z.infer<typeof Verification>;

export interface BackupSummary {
  name: string;
  kind: BackupKind;
  bytes: number;
  createdAt: Date;
  /** Null where the file does not begin like an archive of ours. */
  encrypted: boolean | null;
  /** The last test, when it was of this very file. */
  verification: { at: Date; ok: boolean } | null;
}

/** For status screens. */
export const BackupStatus = z.object({
  /** The newest one; null when there is none. */
  last: z.object({ at: z.date(), kind: z.enum(BACKUP_KINDS), bytes: z.number() }).nullable(),
  /** The last test of whichever archive, and whether everything came back. */
  lastVerified: z.object({ at: z.date(), ok: z.boolean() }).nullable(),
});
export type BackupStatus = z.infer<typeof BackupStatus>;

export const JOB_KINDS = ["create_config", "create_full", "verify", "plan"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

const PlanItem = z.object({
  part: z.enum(RESTORE_PARTS),
  what: z.string(),
  action: z.string(),
  detail: z.string().nullable(),
});

/** What came of a job; what the command printed, as far as the console shows it. */
export const JobOutcome = z.object({
  file: z.string(),
  bytes: z.number().optional(),
  ok: z.boolean().optional(),
  notes: z.array(z.string()).optional(),
  removed: z.array(z.string()).optional(),
  plan: z.object({ items: z.array(PlanItem), warnings: z.array(z.string()) }).optional(),
});

export const BackupJob = z.object({
  id: z.string(),
  kind: z.enum(JOB_KINDS),
  name: z.string().nullable(),
  state: z.enum(["queued", "running", "succeeded", "failed"]),
  progress: z.string().nullable(),
  outcome: JobOutcome.nullable(),
  message: z.string().nullable(),
  requestedBy: z.string(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
});
export type BackupJob = z.infer<typeof BackupJob>;

const ArchiveName = z.string().regex(/^openclaw-\d{8}T\d{9}Z-[a-z]{1,16}\.ocgbackup$/);
export const BackupRequest = z.strictObject({ kind: z.enum(BACKUP_KINDS) });
export const ArchiveRequest = z.strictObject({ name: ArchiveName });

export const BackupsView = z.object({
  folder: z.string(),
  intervalMs: z.number(),
  retentionMs: z.number(),
  encryption: z.boolean(),
  backups: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(BACKUP_KINDS),
      bytes: z.number(),
      createdAt: z.date(),
      encrypted: z.boolean().nullable(),
      verification: z.object({ at: z.date(), ok: z.boolean() }).nullable(),
    }),
  ),
  /** Archives that are not listed. */
  more: z.number(),
  /** Newest first. */
  jobs: z.array(BackupJob),
});
export type BackupsView = z.infer<typeof BackupsView>;
