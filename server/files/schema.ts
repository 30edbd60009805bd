/** Words of the file-system policy: the configuration it reads, its answers, and what an inspection finds. Browser-safe. */
import { z } from "zod";

/** `security.fileSystem` as the configuration delivers it. */
export interface FileSystemConfig {
  allowedPaths: readonly string[];
  deniedPaths: readonly string[];
  restrictions: {
    /** Bytes. */
    maxFileSize: number;
    /** Bytes of UTF-8 of the whole path. */
    maxPathLength: number;
    /** Empty = every extension that is not denied. */
    allowedExtensions: readonly string[];
    deniedExtensions: readonly string[];
  };
  monitoring: { logFileAccess: boolean; alertOnSuspicious: boolean; quarantineSuspicious: boolean };
}

/** Why a path or a file may not pass. */
export type FileRefusalCode =
  | "path_form"
  | "path_characters"
  | "path_too_long"
  | "path_denied"
  | "path_protected"
  | "path_not_allowed"
  | "name_trailing"
  | "name_reserved"
  | "name_repeated"
  | "extension_denied"
  | "extension_missing"
  | "extension_not_allowed"
  | "file_too_large"
  | "content_suspicious"
  | "file_missing"
  | "file_exists"
  | "file_unreadable"
  | "symbolic_link"
  | "hard_link"
  | "not_a_file"
  | "not_a_folder"
  | "path_changed";

export interface FileRefusal {
  allow: false;
  code: FileRefusalCode;
  /** The configuration path that decided, or `built-in`. */
  because: string;
  /** What is wrong and what to do, for a person. */
  message: string;
}

export type FileAnswer =
  | {
      allow: true;
      /** Absolute, without `.`, `..`, empty or trailing parts. */
      path: string;
      because: string;
    }
  | FileRefusal;

const FindingCode = z.enum([
  "executable",
  "executable_disguised",
  "script_disguised",
  "archive_bomb",
  "archive_escape",
  "archive_nested",
  "archive_encrypted",
  "archive_damaged",
  "polyglot",
  "secret",
  "name_deceptive",
]);

/** Something suspicious about a file. */
export const FileFinding = z.object({
  code: FindingCode,
  severity: z.enum(["warn", "critical"]),
  /** What was seen and where; never the secret itself. */
  evidence: z.string(),
});
export type FileFinding = z.infer<typeof FileFinding>;

export const isCritical = (findings: readonly FileFinding[]): boolean =>
  findings.some(({ severity }) => severity === "critical");

const QUARANTINE_STATES = ["storing", "stored", "restored", "deleted", "failed"] as const;

/** A file in quarantine as people see it: never what it contains. */
export const QuarantineView = z.object({
  id: z.string(),
  state: z.enum(QUARANTINE_STATES),
  name: z.string(),
  /** Where it was; null = it came from no path of this machine. */
  path: z.string().nullable(),
  sizeBytes: z.number(),
  /** Hexadecimal. */
  sha256: z.string(),
  findings: z.array(FileFinding),
  runId: z.string().nullable(),
  userId: z.string().nullable(),
  channel: z.string().nullable(),
  createdAt: z.date(),
  storedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
  endedBy: z.string().nullable(),
});
export type QuarantineView = z.infer<typeof QuarantineView>;

/** What may come with one run and out of one. */
export const RUN_FILE_LIMITS = {
  inputs: 32,
  /** Bytes of all inputs together. */
  inputBytes: 8 * 1024 * 1024,
  outputs: 64,
  /** Bytes of all outputs together. */
  outputBytes: 32 * 1024 * 1024,
} as const;

export const QuarantineId = z.string().min(1).max(64);

export const QuarantineListInput = z.strictObject({
  /** Absent: those whose content is still there. */
  state: z.enum([...QUARANTINE_STATES, "all"]).optional(),
  /** Files of one run. */
  run: z.string().min(1).max(64).optional(),
  limit: z.int().min(1).max(100).default(50),
  cursor: z.string().max(300).nullish(),
});

export const QuarantinePage = z.object({
  at: z.date(),
  files: z.array(QuarantineView),
  nextCursor: z.string().nullable(),
});

export const RestoreInput = z.strictObject({
  id: QuarantineId,
  /** Folder to write to, from `/`. */
  to: z.string().min(1).max(4096).startsWith("/", "is not absolute: write it from /"),
  /** Another name for the file. */
  as: z.string().min(1).max(255).optional(),
  /** Although its findings are critical. */
  force: z.boolean().default(false),
});
