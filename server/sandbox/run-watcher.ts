/**
 * Follows runs as workers write them. The rows are the truth and are read by sequence number; notifications only say when to look,
 * so a lost one costs time and never an event.
 */
import type { Db } from "#server/core/db/client.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { getRun, type RunReading } from "#server/sandbox/get-run.ts";
import { toEvent } from "#server/sandbox/run-view.ts";
import { isFinal, type RunEvent, type RunView } from "#server/sandbox/schema.ts";

const CHANNEL = "openclaw_run";
/** Looks again after this long even when no notification came. */
const RECHECK_MS = 5_000;
const PAGE = 500;

export interface RunWatcher {
  /** The run once it is final, or as it stands after `timeoutMs` or when `signal` aborts. @throws AppError NOT_FOUND, CANNOT_DECRYPT. */
  waitForEnd(runId: string, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<RunView>;
  /** Events with a sequence number above `afterSeq`, each once and in order; ends after the `end` event or when `signal` aborts. @throws AppError CANNOT_DECRYPT */
  follow(
    runId: string,
    options?: { afterSeq?: number | undefined; signal?: AbortSignal | undefined },
  ): AsyncIterable<RunEvent>;
  close(): void;
}

/** One waiting party: `wake` may come before `sleep`, and is then not lost. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring (or one since the last sleep), after `ms`, or on abort. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#rung && signal?.aborted !== true && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        const finish = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", finish);
          resolve();
        };
        this.#wake = finish;
        signal?.addEventListener("abort", finish, { once: true });
      });
    }
    this.#wake = null;
    this.#rung = false;
  }
}

export async function createRunWatcher(reading: RunReading, hub: NotifyHub): Promise<RunWatcher> {
  const { db, runSeal } = reading;
  const bells = new Map<string, Set<Bell>>();
  let closed = false;
  const ringAll = (): void => bells.forEach((set) => set.forEach((bell) => bell.ring()));
  const unlisten = await hub.listen(CHANNEL, (payload) => {
    const runId = runIdOf(payload);
    bells.get(runId ?? "")?.forEach((bell) => bell.ring());
  });
  hub.onReconnect(ringAll);

  function hang(runId: string): { bell: Bell; remove: () => void } {
    const bell = new Bell();
    const set = bells.get(runId) ?? new Set<Bell>();
    bells.set(runId, set.add(bell));
    return {
      bell,
      remove: () => {
        set.delete(bell);
        if (set.size === 0 && bells.get(runId) === set) {
          bells.delete(runId);
        }
      },
    };
  }

  return {
    async waitForEnd(runId, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      const { bell, remove } = hang(runId);
      try {
        for (;;) {
          const { state } = await stateOf(db, runId);
          const remaining = deadline - performance.now();
          if (state === "final" || remaining <= 0 || signal?.aborted === true) {
            return await getRun(reading, runId);
          }
          await bell.sleep(Math.min(remaining, RECHECK_MS), signal);
        }
      } finally {
        remove();
      }
    },

    async *follow(runId, { afterSeq = 0, signal } = {}) {
      const { bell, remove } = hang(runId);
      let seq = afterSeq;
      try {
        while (signal?.aborted !== true && !closed) {
          const rows = await db.runEvent.findMany({
            where: { runId, seq: { gt: seq } },
            orderBy: { seq: "asc" },
            take: PAGE,
          });
          for (const row of rows) {
            const event = toEvent(row, runSeal);
            seq = event.seq;
            yield event;
            if (event.kind === "end") {
              return;
            }
          }
          if (rows.length < PAGE) {
            // A stream resumed after its `end` has nothing to wait for.
            if (rows.length === 0 && (await stateOf(db, runId)).state === "final") {
              if ((await db.runEvent.count({ where: { runId, seq: { gt: seq } } })) === 0) {
                return;
              }
              continue;
            }
            await bell.sleep(RECHECK_MS, signal);
          }
        }
      } finally {
        remove();
      }
    },

    close() {
      closed = true;
      unlisten();
      ringAll();
    },
  };
}

async function stateOf(db: Db, runId: string): Promise<{ state: "open" | "final" }> {
  const run = await db.run.findUnique({ where: { id: runId }, select: { state: true } });
  if (run === null) {
    return { state: "final" };
  }
  return { state: isFinal(run.state as RunView["state"]) ? "final" : "open" };
}

function runIdOf(payload: string): string | null {
  try {
    const message: unknown = JSON.parse(payload);
    return typeof message === "object" && message !== null && "runId" in message && typeof message.runId === "string"
      ? message.runId
      : null;
  } catch {
    return null;
  }
}
