/**
 * New events of the record, for tracing: what any process of the installation did ends there. One server reads at a time, from where the record ends
 * when it begins: traces are no record, and what nobody could send meanwhile is not made up for.
 */
import type { Pool, PoolClient } from "pg";
import { TRACED_EVENTS, type TracedEvent } from "#server/metrics/telemetry/spans.ts";

export interface RecordFollower {
  /** Events since the last call; none while another server reads. @throws the database's error, after which reading begins anew. */
  next(): Promise<TracedEvent[]>;
  close(): Promise<void>;
}

const LOCK_KEY = 7_263_541_102;
/** In one call. What is beyond is left out: somebody who makes more events than this each second is not traced in full. */
const MAX_EVENTS = 2_000;

const HEAD_SQL = "SELECT coalesce(max(seq), 0)::bigint AS seq FROM audit_event";
const NEXT_SQL = `
SELECT seq, (extract(epoch FROM at) * 1000)::bigint AS "atMs", event, outcome, request_id AS "requestId", target, reason, data
FROM audit_event WHERE seq > $1 AND seq <= $2 AND event = ANY($3) ORDER BY seq LIMIT ${MAX_EVENTS}`;

export function createRecordFollower(pool: Pool): RecordFollower {
  /** The connection that holds the lock, or asks for it. */
  let client: PoolClient | null = null;
  let last = 0;

  /** Once for each. @param destroy the lock goes with the connection. */
  function giveBack(held: PoolClient | null, destroy: boolean): void {
    if (held !== null && held === client) {
      client = null;
      held.release(destroy);
    }
  }

  async function headOf(connection: PoolClient): Promise<number> {
    return (await connection.query<{ seq: number }>(HEAD_SQL)).rows[0]?.seq ?? 0;
  }

  async function begin(): Promise<void> {
    const candidate = await pool.connect();
    const onLost = (): void => giveBack(candidate, true);
    candidate.on("error", onLost);
    client = candidate;
    const { rows } = await candidate.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [LOCK_KEY]);
    if (rows[0]?.held === true) {
      last = await headOf(candidate);
    } else {
      candidate.off("error", onLost);
      giveBack(candidate, false);
    }
  }

  return {
    async next() {
      const reading = client;
      try {
        if (reading === null) {
          await begin();
          return [];
        }
        const head = await headOf(reading);
        if (head <= last) {
          return [];
        }
        const { rows } = await reading.query<TracedEvent>(NEXT_SQL, [last, head, TRACED_EVENTS]);
        last = head;
        return rows;
      } catch (error) {
        giveBack(client, true);
        throw error;
      }
    },
    async close() {
      await Promise.resolve();
      giveBack(client, true);
    },
  };
}
