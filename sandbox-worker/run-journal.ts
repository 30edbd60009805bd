/**
 * Writes what a run does: its events while it runs, its end, and the record of that end.
 * Every write is fenced: it takes effect only while the run is ours (this worker, this attempt, still running), so a worker that was
 * thought dead and comes back cannot change what another has decided.
 */
import type { Pool } from "pg";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import { remember } from "#server/memory/index.ts";
import type { RunSeal } from "#server/sandbox/index.ts";
import type { RunEventData, RunEventKind, RunLimits, RunUsage } from "#server/sandbox/schema.ts";
import type { z } from "zod";
import type { LinkEvent } from "#worker/link/run-link.ts";
import type { OutputStream } from "#worker/output.ts";
import type { StoredOutputs } from "#worker/outputs/store-outputs.ts";
import type { Ending } from "#worker/reason.ts";

/** Output waits at most this long, or until this much is there, before it is stored. */
const FLUSH_AFTER_MS = 50;
const FLUSH_AT_CHARACTERS = 16 * 1024;
const RETRY_DELAYS_MS = [100, 250, 500, 1000, 2000];

export interface JournalTarget {
  runId: string;
  workerId: string;
  attempt: number;
  /** First free sequence number. */
  nextSeq: number;
}

export interface RunResult {
  ending: Ending;
  exitCode: number | null;
  usage: RunUsage | null;
  limits: RunLimits | null;
  imageDigest: string | null;
  containerId: string | null;
  outputTruncated: boolean;
  /** Files the run keeps. */
  outputs: StoredOutputs | null;
}

interface PendingEvent {
  seq: number;
  kind: RunEventKind;
  data: object;
}

const APPEND_SQL = `
  WITH ours AS (
    SELECT id FROM run WHERE id = $1 AND worker_id = $2 AND attempt = $3 AND state = 'running' FOR UPDATE
  )
  INSERT INTO run_event (run_id, seq, kind, data)
  SELECT ours.id, e.seq, e.kind, e.data FROM ours, jsonb_to_recordset($4::jsonb) AS e(seq int, kind text, data jsonb)`;

const NOTE_SQL = `
  UPDATE run SET container_id = $4 WHERE id = $1 AND worker_id = $2 AND attempt = $3 AND state = 'running'`;

export class RunJournal {
  readonly #db: Db;
  readonly #pool: Pool;
  readonly #seal: RunSeal;
  readonly #log: Logger;
  readonly #target: JournalTarget;
  #nextSeq: number;
  #pending: PendingEvent[] = [];
  #pendingCharacters = 0;
  #text: Record<OutputStream, string[]> = { stdout: [], stderr: [] };
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** Set when the run turned out not to be ours any more. */
  #lost = false;

  constructor(deps: { db: Db; pool: Pool; runSeal: RunSeal; log: Logger }, target: JournalTarget) {
    this.#db = deps.db;
    this.#pool = deps.pool;
    this.#seal = deps.runSeal;
    this.#log = deps.log;
    this.#target = target;
    this.#nextSeq = target.nextSeq;
  }

  get lost(): boolean {
    return this.#lost;
  }

  output(stream: OutputStream, text: string): void {
    if (text === "") {
      return;
    }
    this.#text[stream].push(text);
    const last = this.#pending.at(-1);
    if (last?.kind === stream) {
      last.data = { text: (last.data as { text: string }).text + text };
    } else {
      this.#add(stream, { text });
    }
    this.#pendingCharacters += text.length;
    if (this.#pendingCharacters >= FLUSH_AT_CHARACTERS) {
      this.#flushSoon(0);
    } else {
      this.#flushSoon(FLUSH_AFTER_MS);
    }
  }

  /** Notes which container has the run, so that whoever finds the container finds the run. */
  acquired(containerId: string): void {
    const { runId, workerId, attempt } = this.#target;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#pool.query({
          name: "note-run-container",
          text: NOTE_SQL,
          values: [runId, workerId, attempt, containerId],
        });
      } catch (error) {
        // The end of the run stores it too.
        this.#log.warn({ err: error, runId }, "container of a run not noted");
      }
    });
  }

  usage(now: z.infer<(typeof RunEventData)["usage"]>): void {
    this.#add("usage", now);
    this.#flushSoon(FLUSH_AFTER_MS);
  }

  /** What the run's own socket has to tell. */
  tell({ kind, data }: LinkEvent): void {
    this.#add(kind, data);
    this.#flushSoon(FLUSH_AFTER_MS);
  }

  limit(limit: string, message: string): void {
    this.#add("limit", { limit, message });
    this.#flushSoon(0);
  }

  #add<Kind extends RunEventKind>(kind: Kind, data: z.infer<(typeof RunEventData)[Kind]>): void {
    this.#pending.push({ seq: this.#nextSeq, kind, data });
    this.#nextSeq += 1;
  }

  #flushSoon(ms: number): void {
    if (this.#timer !== null && ms > 0) {
      return;
    }
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing = this.#writing.then(() => this.#flush());
    }, ms);
  }

  async #flush(): Promise<void> {
    const batch = this.#takePending();
    if (batch.length === 0 || this.#lost) {
      return;
    }
    const { runId, workerId, attempt } = this.#target;
    try {
      const { rowCount } = await this.#pool.query({
        name: "append-run-events",
        text: APPEND_SQL,
        values: [runId, workerId, attempt, JSON.stringify(batch.map((event) => this.#sealed(event)))],
      });
      this.#lost = rowCount === 0;
    } catch (error) {
      // The end of the run writes what is pending with it; until then the caller only sees less.
      this.#log.warn({ err: error, runId }, "output of a run not stored yet");
      this.#pending.unshift(...batch);
    }
  }

  /** As it is stored. */
  #sealed({ seq, kind, data }: PendingEvent): PendingEvent {
    return { seq, kind, data: this.#seal.sealEvent(this.#target.runId, seq, kind, data) };
  }

  #takePending(): PendingEvent[] {
    this.#pendingCharacters = 0;
    return this.#pending.splice(0);
  }

  /**
   * Stores the end with its record, trying again while the database is away. Resolves to false when the run was not ours any more.
   * @param signal gives up, leaving the run to be found by the recovery of another worker
   */
  async finish(result: RunResult, auditEvents: readonly AuditEventInput[], signal: AbortSignal): Promise<boolean> {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    await this.#writing;
    const { ending, exitCode } = result;
    result.outputs?.events.forEach((file) => this.#add("file", file));
    this.#add("end", { state: ending.state, reason: ending.reason, exitCode, message: ending.message });
    for (let attempt = 0; !this.#lost && !signal.aborted; attempt += 1) {
      try {
        this.#lost = !(await this.#storeEnd(result, auditEvents));
        return !this.#lost;
      } catch (error) {
        this.#log.error({ err: error, runId: this.#target.runId }, "end of a run not stored yet, trying again");
        const delay = RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)] ?? 2000;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
    return false;
  }

  async #storeEnd(result: RunResult, auditEvents: readonly AuditEventInput[]): Promise<boolean> {
    const { runId, workerId, attempt } = this.#target;
    const at = new Date();
    const answer = this.#text.stdout.join("");
    return withTx(this.#db, async (tx) => {
      const changed = await tx.run.updateMany({
        where: { id: runId, workerId, attempt, state: "running" },
        data: {
          state: result.ending.state,
          reason: result.ending.reason,
          message: result.ending.message,
          exitCode: result.exitCode,
          ...(result.usage === null ? {} : { usage: result.usage }),
          ...(result.limits === null ? {} : { limits: result.limits }),
          imageDigest: result.imageDigest,
          containerId: result.containerId,
          stdout: this.#seal.sealText("stdout", runId, answer),
          stderr: this.#seal.sealText("stderr", runId, this.#text.stderr.join("")),
          outputTruncated: result.outputTruncated,
          finishedAt: at,
        },
      });
      if (changed.count === 0) {
        return false;
      }
      await tx.runEvent.createMany({
        data: this.#pending.map((event) => ({ runId, ...this.#sealed(event) })),
      });
      await result.outputs?.store(tx);
      if (result.ending.state === "succeeded") {
        await remember(tx, this.#seal, { runId, answer, at });
      }
      await recordEvents(tx, auditEvents);
      return true;
    });
  }
}
