/** When and from where tokens were last used: noted in memory, written in bulk every few seconds. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Logger } from "#server/core/log.ts";

export interface TokenUses {
  note(tokenId: string, address: string): void;
  /** Writes what is due and stops. */
  close(): Promise<void>;
}

const FLUSH_MS = 5_000;
/** `last_used_at` of one token is written at most this often. */
const INTERVAL_MS = 30_000;

// A row that somebody is changing is left for the next time: waiting for several rows in any order could end in a deadlock.
const UPDATE = `
  WITH used AS (SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u(id, at, address)),
  free AS (SELECT token.id FROM token JOIN used USING (id) FOR UPDATE OF token SKIP LOCKED)
  UPDATE token SET last_used_at = used.at, last_used_address = used.address
    FROM used JOIN free USING (id) WHERE token.id = used.id RETURNING token.id`;

export function openTokenUses({ pool, clock, log }: { pool: Pool; clock: Clock; log: Logger }): TokenUses {
  const uses = new Map<string, { at: number; address: string; written: number }>();

  async function flush(): Promise<void> {
    const due = [...uses].filter(([, use]) => use.at > use.written && use.at - use.written >= INTERVAL_MS);
    if (due.length === 0) {
      return;
    }
    const times = new Map(due.map(([id, use]) => [id, use.at]));
    const { rows } = await pool.query<{ id: string }>(UPDATE, [
      due.map(([id]) => id),
      due.map(([, use]) => new Date(use.at)),
      due.map(([, use]) => use.address),
    ]);
    for (const { id } of rows) {
      const use = uses.get(id);
      if (use !== undefined) {
        use.written = times.get(id) ?? use.at;
      }
    }
  }

  const timer = setInterval(() => {
    flush().catch((error: unknown) => log.warn({ err: error }, "tokens: last use not written, will try again"));
  }, FLUSH_MS);
  timer.unref();

  return {
    note(tokenId, address) {
      const use = uses.get(tokenId);
      if (use === undefined) {
        uses.set(tokenId, { at: clock.now(), address, written: 0 });
      } else {
        use.at = clock.now();
        use.address = address;
      }
    },
    async close() {
      clearInterval(timer);
      await flush().catch(() => undefined);
    },
  };
}
