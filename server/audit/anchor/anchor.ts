/**
 * Sends each new checkpoint to an address outside (`logging.audit.anchor`), so that a copy exists that nobody on this machine can take back.
 * Done by the server: the sealer, which holds the keys, has no business with the network. The position is kept in the database; after an
 * outage the newest checkpoint goes first, and it covers those that were missed.
 */
import type { Pool } from "pg";
import { anchorTarget, deliver, type AnchorFault, type AnchorTarget } from "#server/audit/anchor/anchor-target.ts";
import { newestCheckpoint, type StoredNote } from "#server/audit/proof/checkpoint-store.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createSignal } from "#server/core/signal.ts";
import { messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";
import { NOTHING_PRIVATE, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";

export interface AnchorOptions {
  /** With the rights of the web process. */
  pool: Pool;
  /** The address in force, put together at the moment of use; undefined when nothing is to be sent. May throw an AppError. */
  url: () => string | undefined;
  /** Private addresses that are open to outgoing connections; default: none. */
  allowsPrivate?: AllowsPrivate;
  record: (event: AuditEventInput) => Promise<void>;
  log: Pick<Logger, "error" | "info">;
  /** Pause between two looks, and the first delay after a failure; default five seconds. */
  everyMs?: number;
}

export interface Anchor {
  close(): Promise<void>;
}

const EVERY_MS = 5_000;
const LONGEST_MS = 10 * 60 * 1000;

export function startAnchor({
  pool,
  url,
  allowsPrivate = NOTHING_PRIVATE,
  record,
  log,
  everyMs = EVERY_MS,
}: AnchorOptions): Anchor {
  const stop = createSignal();
  const abort = new AbortController();
  let known: string | undefined;
  let complained = "";

  /** @returns failures in a row. */
  async function step(): Promise<number> {
    const written = url();
    if (written === undefined) {
      return 0;
    }
    const target = anchorTarget(written);
    if (target === null) {
      throw new Error("logging.audit.anchor.url is no https address (http only to a loopback address)");
    }
    if (known !== target.id) {
      await pool.query("DELETE FROM audit_anchor WHERE target <> $1", [target.id]);
      known = target.id;
    }
    const due = await dueCheckpoint(pool, target);
    if (due === null) {
      return 0;
    }
    const fault = await deliver(target, due.note, abort.signal, allowsPrivate);
    if (abort.signal.aborted) {
      return 0;
    }
    const failures = await keep(pool, target, due.seq, fault);
    if (fault !== null && failures === 1) {
      await record(failedEvent(target, due.seq, fault));
      log.error({ host: target.host, fault }, "audit: a checkpoint could not be sent to its anchor; it is tried again");
    }
    return failures;
  }

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      let failures = 1;
      try {
        failures = await step();
        complained = "";
      } catch (error) {
        // Said once: the database may be away for a while, and a variable may be missing until the next start.
        if (complained !== messageOf(error)) {
          complained = messageOf(error);
          log.error({ err: error }, "audit: checkpoints cannot be sent to their anchor");
        }
      }
      await stop.wait(Math.min(everyMs * 2 ** Math.min(failures, 20), LONGEST_MS));
    }
  }

  const running = run();
  return {
    async close() {
      abort.abort();
      stop.raise();
      await running;
    },
  };
}

/** The newest checkpoint when it was not delivered yet. */
async function dueCheckpoint(pool: Pool, target: AnchorTarget): Promise<StoredNote | null> {
  const newest = await newestCheckpoint(pool);
  const { rows } = await pool.query<{ seq: number; failures: number }>(
    "SELECT seq, failures FROM audit_anchor WHERE target = $1",
    [target.id],
  );
  return newest !== undefined && newest.seq > (rows[0]?.seq ?? 0) ? newest : null;
}

async function keep(pool: Pool, target: AnchorTarget, seq: number, fault: AnchorFault | null): Promise<number> {
  const { rows } = await pool.query<{ failures: number }>(
    fault === null
      ? `INSERT INTO audit_anchor AS a (target, seq, delivered_at) VALUES ($1, $2, now()) ON CONFLICT (target) DO UPDATE
         SET seq = greatest(a.seq, excluded.seq), delivered_at = now(), failures = 0, last_error = NULL RETURNING failures`
      : `INSERT INTO audit_anchor AS a (target, seq, failures, last_error) VALUES ($1, 0, 1, $2) ON CONFLICT (target) DO UPDATE
         SET failures = a.failures + 1, last_error = excluded.last_error RETURNING failures`,
    [target.id, fault ?? seq],
  );
  return rows[0]?.failures ?? 0;
}

function failedEvent({ host }: AnchorTarget, seq: number, fault: AnchorFault): AuditEventInput {
  return {
    event: "audit.anchor_failed",
    outcome: "failed",
    actor: { type: "system", id: "server" },
    target: host,
    reason: fault,
    because: "logging.audit.anchor",
    data: { checkpoint: seq },
  };
}
