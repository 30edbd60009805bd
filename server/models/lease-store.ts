/**
 * Leases on budgets in the database. Each step is one statement that locks its counts in the order of their keys, and leases only after their
 * counts, so that processes side by side can neither take more than there is together nor wait for each other for ever.
 */
import type { Pool } from "pg";
import type { AppliedBudget } from "#server/models/budgets.ts";
import type { Counter } from "#server/models/counter.ts";
import { countUses, openCount } from "#server/models/counts.ts";
import { NOTHING, type Amount } from "#server/models/room-arithmetic.ts";

export interface LeaseKey {
  id: string;
  /** The count it is a part of. */
  key: string;
  periodStart: Date;
}

interface Wanted {
  lease: LeaseKey;
  /** Any budget with this count. */
  budget: AppliedBudget;
  maxTokens: number | null;
  maxCostNano: number | null;
  /** What is needed now, and what would be good to have: an eighth of what is left at most. */
  want: Amount;
  ahead: Amount;
}

/** What a lease got, and what the budget had before. */
interface More {
  granted: Amount;
  left: Amount;
}

export interface LeaseStore {
  /** As much as there is of what is wanted, in the order of `wanted`. @param expiresAt when it is free again if nobody gives it back */
  takeMore(wanted: readonly Wanted[], expiresAt: Date): Promise<More[]>;
  giveBack(lease: LeaseKey, amount: Amount): Promise<void>;
}

/** For limits that are none. */
const UNLIMITED = "1000000000000000::bigint";

const TAKE_SQL = `
WITH wanted AS (
  SELECT n, lease, key, period_start, max_tokens, max_nano, want_tokens, want_nano, ahead_tokens, ahead_nano
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
    WITH ORDINALITY AS w (lease, key, period_start, max_tokens, max_nano, want_tokens, want_nano, ahead_tokens, ahead_nano, n)),
locked AS (
  SELECT key, period_start, used_tokens + reserved_tokens AS tokens, used_cost_nano + reserved_nano AS nano
  FROM model_budget WHERE (key, period_start) IN (SELECT key, period_start FROM wanted)
  ORDER BY key, period_start FOR UPDATE),
room AS (
  SELECT wanted.*, GREATEST(0, COALESCE(max_tokens - tokens, ${UNLIMITED})) AS left_tokens,
    GREATEST(0, COALESCE(max_nano - nano, ${UNLIMITED})) AS left_nano
  FROM wanted JOIN locked USING (key, period_start)),
granted AS (
  SELECT room.*,
    CASE WHEN max_tokens IS NULL THEN 0
      ELSE LEAST(left_tokens, GREATEST(want_tokens, LEAST(ahead_tokens, left_tokens / 8))) END AS tokens,
    CASE WHEN max_nano IS NULL THEN 0
      ELSE LEAST(left_nano, GREATEST(want_nano, LEAST(ahead_nano, left_nano / 8))) END AS nano
  FROM room WHERE (SELECT count(*) FROM room) = (SELECT count(*) FROM wanted)),
taken AS (
  UPDATE model_budget AS b
  SET reserved_tokens = reserved_tokens + granted.tokens, reserved_nano = reserved_nano + granted.nano
  FROM granted WHERE b.key = granted.key AND b.period_start = granted.period_start),
held AS (
  INSERT INTO model_reservation (lease_id, key, period_start, tokens, cost_nano, expires_at)
  SELECT lease, key, period_start, tokens, nano, $10::timestamptz FROM granted
  ON CONFLICT (lease_id, key) DO UPDATE
  SET tokens = model_reservation.tokens + EXCLUDED.tokens, cost_nano = model_reservation.cost_nano + EXCLUDED.cost_nano,
      expires_at = EXCLUDED.expires_at)
SELECT tokens::float8, nano::float8, left_tokens::float8, left_nano::float8 FROM granted ORDER BY n`;

const GIVE_BACK_SQL = `
WITH locked AS (
  SELECT key, period_start FROM model_budget WHERE key = $2 AND period_start = $3::timestamptz FOR UPDATE),
given AS (
  UPDATE model_reservation AS r SET tokens = GREATEST(0, tokens - $4::bigint), cost_nano = GREATEST(0, cost_nano - $5::bigint)
  FROM locked WHERE r.lease_id = $1 AND r.key = locked.key RETURNING r.key)
UPDATE model_budget AS b
SET reserved_tokens = GREATEST(0, reserved_tokens - $4::bigint), reserved_nano = GREATEST(0, reserved_nano - $5::bigint)
FROM given WHERE b.key = given.key AND b.period_start = $3::timestamptz`;

/** A lease of which nothing is left, and of which nothing will be taken any more. */
const FORGET_SQL = "DELETE FROM model_reservation WHERE lease_id = $1 AND key = $2 AND tokens = 0 AND cost_nano = 0";

const EXPIRE_SQL = `
WITH locked AS (
  SELECT key, period_start FROM model_budget
  WHERE (key, period_start) IN (SELECT key, period_start FROM model_reservation WHERE expires_at < now())
  ORDER BY key, period_start FOR UPDATE),
gone AS (
  DELETE FROM model_reservation AS r USING locked
  WHERE r.expires_at < now() AND r.key = locked.key AND r.period_start = locked.period_start
  RETURNING r.key, r.period_start, r.tokens, r.cost_nano),
sums AS (
  SELECT key, period_start, sum(tokens) AS tokens, sum(cost_nano) AS cost FROM gone GROUP BY key, period_start),
given AS (
  UPDATE model_budget AS b
  SET reserved_tokens = GREATEST(0, reserved_tokens - sums.tokens), reserved_nano = GREATEST(0, reserved_nano - sums.cost)
  FROM sums WHERE b.key = sums.key AND b.period_start = sums.period_start)
SELECT count(*)::int AS n FROM gone`;

export function openLeaseStore(pool: Pool, counter: Pick<Counter, "caughtUp">): LeaseStore {
  async function take(wanted: readonly Wanted[], expiresAt: Date): Promise<More[]> {
    const { rows } = await pool.query<{ tokens: number; nano: number; left_tokens: number; left_nano: number }>({
      name: "model-lease",
      text: TAKE_SQL,
      values: [
        wanted.map(({ lease }) => lease.id),
        wanted.map(({ lease }) => lease.key),
        wanted.map(({ lease }) => lease.periodStart),
        wanted.map(({ maxTokens }) => maxTokens),
        wanted.map(({ maxCostNano }) => maxCostNano),
        wanted.map(({ want }) => want.tokens),
        wanted.map(({ want }) => want.nano),
        wanted.map(({ ahead }) => ahead.tokens),
        wanted.map(({ ahead }) => ahead.nano),
        expiresAt,
      ],
    });
    return rows.map((row) => ({
      granted: { tokens: row.tokens, nano: row.nano },
      left: { tokens: row.left_tokens, nano: row.left_nano },
    }));
  }

  const isEnough = (wanted: readonly Wanted[], more: readonly More[]): boolean =>
    more.every(({ granted }, index) => {
      const one = wanted[index];
      return (
        one !== undefined &&
        (one.maxTokens === null || granted.tokens >= one.want.tokens) &&
        (one.maxCostNano === null || granted.nano >= one.want.nano)
      );
    });

  return {
    async takeMore(wanted, expiresAt) {
      await counter.caughtUp();
      let more = await take(wanted, expiresAt);
      if (more.length < wanted.length) {
        for (const { budget } of wanted) {
          await openCount(pool, budget);
        }
        more = await take(wanted, expiresAt);
      }
      if (more.length < wanted.length) {
        throw new Error("a budget's count is missing");
      }
      if (isEnough(wanted, more) || (await expireLeases(pool)) === 0) {
        return more;
      }
      // Somebody's lease has expired: there may be enough now.
      const missing = wanted.map((one, index) => ({
        ...one,
        want: less(one.want, more[index]?.granted),
        ahead: NOTHING,
      }));
      const further = await take(missing, expiresAt);
      return more.map(({ granted }, index) => {
        const second = further[index] ?? { granted: NOTHING, left: NOTHING };
        return { granted: sum(granted, second.granted), left: sum(granted, second.left) };
      });
    },
    async giveBack({ id, key, periodStart }, { tokens, nano }) {
      if (tokens > 0 || nano > 0) {
        const values = [id, key, periodStart, tokens, nano];
        await pool.query({ name: "model-give-back", text: GIVE_BACK_SQL, values });
      }
      await pool.query({ name: "model-forget", text: FORGET_SQL, values: [id, key] });
    },
  };
}

const less = (want: Amount, got: Amount = NOTHING): Amount => ({
  tokens: Math.max(0, want.tokens - got.tokens),
  nano: Math.max(0, want.nano - got.nano),
});
const sum = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens + other.tokens,
  nano: one.nano + other.nano,
});

const ANY_EXPIRED_SQL = "SELECT 1 FROM model_reservation WHERE expires_at < now() LIMIT 1";

/**
 * Gives back what was taken by processes that are gone. What was used of it is counted before (`counts.ts` says why).
 * @returns how many leases there were
 * @throws the database's error: then none is given back
 */
export async function expireLeases(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query({ name: "model-any-expired", text: ANY_EXPIRED_SQL });
  if (rowCount === 0) {
    return 0;
  }
  await countUses(pool);
  const { rows } = await pool.query<{ n: number }>({ name: "model-expire", text: EXPIRE_SQL });
  return rows[0]?.n ?? 0;
}
