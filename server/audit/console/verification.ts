/**
 * Checking the record from the console: one check at a time, in the background, for everybody who looks. A large record is left to the command
 * line, whose process nobody waits for.
 */
import type { ChainStatus, Verification } from "#server/audit/console/schema.ts";
import type { RecordServices } from "#server/audit/console/services.ts";
import { readHeadSeq } from "#server/audit/sealed-rows.ts";
import { recordFile } from "#server/audit/record-file.ts";
import { verifyRecord, type RecordVerdict } from "#server/audit/proof/verify-record.ts";
import { readIntegrity } from "#server/audit/report/facts.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";

/** Some seconds of work for this process. */
const MAX_ROWS = 200_000;

type Services = Pick<RecordServices, "pool" | "audit" | "clock" | "log" | "paths">;
type Holder = typeof globalThis & { [SLOT]?: Verification };
// Each entry point that Next builds has a copy of this module.
const SLOT = Symbol.for("openclaw.audit.verification");

const current = (): Verification | null => (globalThis as Holder)[SLOT] ?? null;

/** @throws AppError("CONFLICT") when the record is too large to be checked here; names the command that does it. */
export async function startVerification(services: Services): Promise<Verification> {
  const running = current();
  if (running?.state === "running") {
    return running;
  }
  const of = await readHeadSeq(services.pool);
  if (of > MAX_ROWS) {
    throw new AppError(
      "CONFLICT",
      `The record has ${of} rows, too many to check beside the traffic. Run on the gateway's machine: openclaw security verify-audit`,
    );
  }
  const started: Verification = {
    state: "running",
    startedAt: new Date(services.clock.now()),
    endedAt: null,
    row: 0,
    of,
    message: "Checking each row against its hash and the signed checkpoints.",
  };
  (globalThis as Holder)[SLOT] = started;
  void verify(services, started);
  return started;
}

async function verify(services: Services, started: Verification): Promise<void> {
  const end = (state: Verification["state"], message: string): void => {
    Object.assign(started, { state, message, endedAt: new Date(services.clock.now()) });
  };
  try {
    const verdict = await verifyRecord({
      db: services.pool,
      keysDir: services.paths.keysDir,
      mirrorFile: recordFile(services.paths),
      keyring: null,
      // Their keys are the sealer's alone.
      withoutFiles: true,
      onProgress: (row) => (started.row = row),
    });
    if (!verdict.sound) {
      await services.audit.append([
        {
          event: "audit.integrity_failed",
          outcome: "failed",
          actor: { type: "system", id: "server" },
          reason: "rows_differ_from_checkpoint",
          because: "console",
        },
      ]);
    }
    started.row = verdict.sound ? verdict.head.seq : verdict.seq;
    end(verdict.sound ? "sound" : "tampered", verdictText(verdict));
  } catch (error) {
    services.log.warn({ err: error }, "the record could not be checked from the console");
    end("failed", isAppError(error) ? messageOf(error) : "The check broke off. The log of the gateway says why.");
  }
}

function verdictText(verdict: RecordVerdict): string {
  if (!verdict.sound) {
    const place = verdict.upTo === undefined ? `Row ${verdict.seq}` : `A row from ${verdict.seq} to ${verdict.upTo}`;
    return `${place} is not as it was sealed (${verdict.kind}). Copy the record away and run: openclaw security verify-audit`;
  }
  const bound = verdict.chained
    ? "every row against the hash chain"
    : `rows up to ${verdict.covered} against signed checkpoints`;
  return `Sound up to row ${verdict.head.seq}: checked ${bound}, ${verdict.covered} of them under a signed checkpoint.`;
}

/** What stands behind the record, and how the last check here ended. */
export async function readChainStatus({ pool }: Pick<RecordServices, "pool">): Promise<ChainStatus> {
  const { head, headHash, waiting, checkpoint, uncoveredSince, removals } = await readIntegrity(pool);
  const { rows: anchors } = await pool.query<NonNullable<ChainStatus["anchor"]>>(
    `SELECT seq AS rows, delivered_at AS "deliveredAt", failures, last_error AS "lastError"
     FROM audit_anchor ORDER BY delivered_at DESC NULLS LAST LIMIT 1`,
  );
  return {
    head,
    headHash,
    waiting,
    checkpoint,
    uncoveredSince,
    removedUpTo: removals[0]?.upTo ?? 0,
    anchor: anchors[0] ?? null,
    verification: current(),
    verifiableHere: head <= MAX_ROWS,
  };
}
