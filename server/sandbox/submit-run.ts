/** Accepts a run: row, first event, job and audit events in one transaction, so that an accepted run cannot get lost and a lost one was never accepted. */
import { fromPrisma, type PgBoss } from "pg-boss";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import { newRunId } from "#server/core/ids.ts";
import { RUN_QUEUE, type RunJob } from "#server/sandbox/queue.ts";
import { digestOf, fileEvent, runFileRows, storeRunFiles, type NewRunFile } from "#server/sandbox/run-files.ts";
import type { RunSeal } from "#server/sandbox/run-seal.ts";
import { RunRequest, type RunRequestInput } from "#server/sandbox/schema.ts";

export interface SubmitDeps {
  db: Db;
  boss: PgBoss;
  runSeal: RunSeal;
  clock: Clock;
}

interface SubmittedRun {
  runId: string;
  /** True when the idempotency key named a run that exists already; nothing was stored this time. */
  deduplicated: boolean;
}

/**
 * Stores `request` as a queued run. `auditEvents` are recorded with it; an event without a target gets the run's id.
 * @param files inputs that were judged and may pass
 * @throws AppError INVALID_INPUT for a request outside the schema, CONFLICT when the idempotency key was used for another program or other
 * files, CANNOT_DECRYPT when the program it was used for cannot be read.
 */
export async function submitRun(
  deps: SubmitDeps,
  request: RunRequestInput,
  auditEvents: readonly AuditEventInput[],
  files: readonly NewRunFile[] = [],
): Promise<SubmittedRun> {
  const run = parse(request);
  const known = await findByKey(deps, run, files);
  if (known !== null) {
    return known;
  }
  const runId = newRunId();
  const at = new Date(deps.clock.now());
  const rows = runFileRows(deps.runSeal, runId, "input", files);
  const code = deps.runSeal.sealText("code", runId, run.code);
  const history =
    run.history.length === 0 ? null : deps.runSeal.sealText("history", runId, JSON.stringify(run.history));
  const events = [
    { runId, seq: 1, kind: "queued", data: {}, at },
    ...files.map((file, index) => {
      const seq = 2 + index;
      return {
        runId,
        seq,
        kind: "file",
        data: deps.runSeal.sealEvent(runId, seq, "file", fileEvent("input", file)),
        at,
      };
    }),
  ];
  try {
    await withTx(deps.db, async (tx) => {
      await tx.run.create({ data: { id: runId, ...run, code, history, createdAt: at } });
      await storeRunFiles(tx, rows);
      await tx.runEvent.createMany({ data: events });
      await deps.boss.send(RUN_QUEUE, { runId } satisfies RunJob, { db: fromPrisma(tx) });
      await recordEvents(
        tx,
        auditEvents.map((event) => ({ ...event, target: event.target ?? runId })),
      );
    });
  } catch (error) {
    // Two requests with one key at the same time: the other one won.
    const other = hasErrorCode(error, "P2002") ? await findByKey(deps, run, files) : null;
    if (other === null) {
      throw error;
    }
    return other;
  }
  return { runId, deduplicated: false };
}

function parse(request: RunRequestInput): RunRequest {
  const parsed = RunRequest.safeParse(request);
  if (parsed.success) {
    return parsed.data;
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AppError("INVALID_INPUT", `The run was not accepted: ${problems.join("; ")}.`);
}

async function findByKey(
  { db, runSeal }: Pick<SubmitDeps, "db" | "runSeal">,
  run: RunRequest,
  files: readonly NewRunFile[],
): Promise<SubmittedRun | null> {
  if (run.idempotencyKey === undefined) {
    return null;
  }
  const found = await db.run.findUnique({
    where: { principalId_idempotencyKey: { principalId: run.principalId, idempotencyKey: run.idempotencyKey } },
    select: {
      id: true,
      language: true,
      code: true,
      agent: true,
      profile: true,
      outputs: true,
      files: { where: { direction: "input" }, select: { path: true, sha256: true } },
    },
  });
  if (found === null) {
    return null;
  }
  const same =
    found.language === run.language &&
    runSeal.openText("code", found.id, found.code) === run.code &&
    found.agent === (run.agent ?? null) &&
    found.profile === run.profile &&
    JSON.stringify(found.outputs) === JSON.stringify(run.outputs) &&
    fingerprint(found.files) ===
      fingerprint(files.map(({ path, content }) => ({ path, sha256: content === null ? null : digestOf(content) })));
  if (!same) {
    throw new AppError(
      "CONFLICT",
      "This idempotency key was used for a different program or other files. Send a new key for a new run.",
      { details: { runId: found.id } },
    );
  }
  return { runId: found.id, deduplicated: true };
}

/** The same for the same files, in whatever order they come. */
const fingerprint = (files: readonly { path: string; sha256: Uint8Array | null }[]): string =>
  JSON.stringify(
    files.map(({ path, sha256 }) => [path, sha256 === null ? null : Buffer.from(sha256).toString("hex")]).sort(),
  );
