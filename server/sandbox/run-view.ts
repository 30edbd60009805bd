/** Rows of the database as the types that leave this domain. A row that does not fit is a defect, never passed on half read. */
import type { Prisma } from "#server/core/db/client.ts";
import type { RunOpener } from "#server/sandbox/run-seal.ts";
import {
  FILE_DIRECTIONS,
  FILE_VERDICTS,
  RUN_LANGUAGES,
  RUN_REASONS,
  RUN_STATES,
  RunEventData,
  RunLimits,
  RunUsage,
  type RunEvent,
  type RunEventKind,
  type RunFileView,
  type RunSummary,
  type RunView,
} from "#server/sandbox/schema.ts";

/** Columns of a list row: everything but the program and its output. */
export const SUMMARY_COLUMNS = {
  id: true,
  state: true,
  reason: true,
  message: true,
  language: true,
  profile: true,
  agent: true,
  model: true,
  exitCode: true,
  outputTruncated: true,
  usage: true,
  imageDigest: true,
  attempt: true,
  principalId: true,
  userId: true,
  roleName: true,
  channel: true,
  requestId: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  cancelRequestedAt: true,
} as const satisfies Prisma.RunSelect;

export const VIEW_COLUMNS = {
  ...SUMMARY_COLUMNS,
  stdout: true,
  stderr: true,
  limits: true,
} as const satisfies Prisma.RunSelect;

type SummaryRow = Prisma.RunGetPayload<{ select: typeof SUMMARY_COLUMNS }>;
type ViewRow = Prisma.RunGetPayload<{ select: typeof VIEW_COLUMNS }>;

function oneOf<Value extends string>(allowed: readonly Value[], text: string, column: string): Value {
  const found = allowed.find((value) => value === text);
  if (found === undefined) {
    throw new Error(`run.${column} holds an unknown value`);
  }
  return found;
}

export function toSummary(row: SummaryRow): RunSummary {
  return {
    ...row,
    state: oneOf(RUN_STATES, row.state, "state"),
    reason: row.reason === null ? null : oneOf(RUN_REASONS, row.reason, "reason"),
    language: oneOf(RUN_LANGUAGES, row.language, "language"),
    usage: row.usage === null ? null : RunUsage.parse(row.usage),
  };
}

/** @throws AppError CANNOT_DECRYPT */
export function toView(row: ViewRow, opener: RunOpener): RunView {
  return {
    ...row,
    ...toSummary(row),
    stdout: opener.openText("stdout", row.id, row.stdout),
    stderr: opener.openText("stderr", row.id, row.stderr),
    limits: row.limits === null ? null : RunLimits.parse(row.limits),
  };
}

interface FileRow {
  id: string;
  direction: string;
  path: string;
  sizeBytes: bigint;
  sha256: Uint8Array | null;
  verdict: string;
  reason: string | null;
  createdAt: Date;
}

export function toFileView({
  id,
  direction,
  path,
  sizeBytes,
  sha256,
  verdict,
  reason,
  createdAt,
}: FileRow): RunFileView {
  return {
    id,
    direction: oneOf(FILE_DIRECTIONS, direction, "files.direction"),
    path,
    bytes: Number(sizeBytes),
    sha256: sha256 === null ? null : Buffer.from(sha256).toString("hex"),
    verdict: oneOf(FILE_VERDICTS, verdict, "files.verdict"),
    reason,
    createdAt,
  };
}

interface EventRow {
  runId: string;
  seq: number;
  kind: string;
  data: unknown;
  at: Date;
}

const isEventKind = (kind: string): kind is RunEventKind => kind in RunEventData;

/** @throws AppError CANNOT_DECRYPT */
export function toEvent(row: EventRow, opener: RunOpener): RunEvent {
  const { runId, seq, kind, at } = row;
  if (!isEventKind(kind)) {
    throw new Error("run_event.kind holds an unknown value");
  }
  return { runId, seq, kind, at, data: RunEventData[kind].parse(opener.openEvent(row)) } as RunEvent;
}
