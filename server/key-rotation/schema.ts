/** Keys of outside services as they are shown and rotated. Browser-safe; a value only where a new one is handed over, once. */
import { z } from "zod";
import { DEFAULT_GRACE_MS, KEY_STATES } from "#server/key-rotation/policy.ts";

const LONGEST_GRACE_MS = 30 * 86_400_000;

const KEY_SOURCES = ["plain", "environment", "encrypted", "database"] as const;
export type KeySource = (typeof KEY_SOURCES)[number];

const KeyId = z.string().min(3).max(300);

/** `id:` of a rotation, chosen by whoever asks: asking again with it is the same rotation. */
const RotationId = z.string().regex(/^[A-Za-z0-9_-]{4,80}$/, "4 to 80 letters, digits, hyphens or underscores");

const KeyView = z.object({
  id: z.string(),
  /** In words: "Key of openai", "Bot token of telegram". */
  label: z.string(),
  source: z.enum(KEY_SOURCES),
  /** Where it is written: a path of the configuration, or the channel in the database. */
  path: z.string(),
  /** Variables of the environment that it comes from. */
  variables: z.array(z.string()),
  /** The first digits of a keyed hash, to tell values apart; null = not seen yet. */
  fingerprint: z.string().nullable(),
  firstSeen: z.date().nullable(),
  /** When it last changed; null = not since it was first seen. */
  rotatedAt: z.date().nullable(),
  ageDays: z.number().nullable(),
  dueAt: z.date().nullable(),
  state: z.enum(KEY_STATES),
  /** From 0 to 1 of the interval and beyond. */
  ageShare: z.number().nullable(),
  lastUsedAt: z.date().nullable(),
  /** Why it cannot be used now; null = nothing is wrong. */
  problem: z.string().nullable(),
  /** `here`: the gateway can put a new value in place; else what to do. */
  rotation: z.enum(["here", "environment", "elsewhere"]),
  howTo: z.string(),
  /** Whether the gateway may make the new value up. */
  canGenerate: z.boolean(),
  /** Whether the new value can be tried first. */
  canTest: z.boolean(),
  /** Until when the value before is kept; null = there is none. */
  graceUntil: z.date().nullable(),
  /** The rotation that can be undone; null = none. */
  undo: z.string().nullable(),
});
export type KeyView = z.infer<typeof KeyView>;

export const KeyList = z.object({
  /** `security.keyRotation` in force (milliseconds). */
  rotation: z.object({ enabled: z.boolean(), intervalMs: z.number(), notifyBeforeMs: z.number() }),
  /** Worst first. */
  keys: z.array(KeyView),
});
export type KeyList = z.infer<typeof KeyList>;

export const HistoryInput = z.strictObject({ keyId: KeyId.optional() });
const HistoryEntry = z.object({
  id: z.string(),
  keyId: z.string(),
  at: z.date(),
  how: z.enum(["rotated", "seen", "undone"]),
  state: z.enum(["prepared", "done", "undone", "failed"]),
  by: z.string(),
  test: z.enum(["passed", "skipped", "none"]),
  graceUntil: z.date().nullable(),
  graceEndedAt: z.date().nullable(),
  fingerprint: z.string().nullable(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;
export const KeyHistory = z.object({ entries: z.array(HistoryEntry) });

export const RotateKey = z.strictObject({
  keyId: KeyId,
  rotationId: RotationId,
  /** Absent: the gateway makes one up, where it may. */
  value: z.string().min(1).max(8192).optional(),
  /** How long the value before is kept (milliseconds). */
  graceMs: z.int().min(0).max(LONGEST_GRACE_MS).default(DEFAULT_GRACE_MS),
  /** Try the new value with the other side first. */
  test: z.boolean().default(true),
});
export type RotateKey = z.output<typeof RotateKey>;

export const RotatedKey = z.object({
  keyId: z.string(),
  rotationId: z.string(),
  /** The new value when the gateway made it up: shown now, and never again once its grace has ended. */
  generated: z.string().nullable(),
  test: z.enum(["passed", "skipped", "none"]),
  graceUntil: z.date().nullable(),
  /** True when this rotation was made before and nothing was done now. */
  repeated: z.boolean(),
  /** What remains to be done, in words. */
  next: z.string(),
});
export type RotatedKey = z.infer<typeof RotatedKey>;

export const UndoRotation = z.strictObject({ rotationId: RotationId });
export const UndoneRotation = z.object({ keyId: z.string(), rotationId: z.string() });
