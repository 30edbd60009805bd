/** The places of the newest events that a search finds, for figures about them. */
import type { Pool } from "pg";
import { conditionsOf, type SeqRange } from "#server/audit/reading/conditions.ts";
import { MAX_COUNTED } from "#server/audit/reading/count.ts";
import { rangeOf, walkDown } from "#server/audit/reading/walk.ts";
import type { AuditSearch } from "#server/audit/filter.ts";

interface NewestSeqs {
  /** Newest first, at most `MAX_COUNTED`. */
  seqs: number[];
  /** There may be older ones. */
  more: boolean;
}

/** @throws AppError("INVALID_INPUT") when `event` names nothing. */
export async function newestSeqs(pool: Pool, search: AuditSearch): Promise<NewestSeqs> {
  const range = await rangeOf(pool, search);
  if (range === null) {
    return { seqs: [], more: false };
  }
  const seqs: number[] = [];
  const reached = await walkDown(range, async (window) => {
    seqs.push(...(await seqsIn(pool, search, window, MAX_COUNTED + 1 - seqs.length)));
    return seqs.length > MAX_COUNTED ? "enough" : "more";
  });
  return { seqs: seqs.slice(0, MAX_COUNTED), more: seqs.length > MAX_COUNTED || reached > range.from };
}

async function seqsIn(pool: Pool, search: AuditSearch, window: SeqRange, limit: number): Promise<number[]> {
  const { branches, where, values } = conditionsOf(search, window);
  if (branches.length === 0) {
    return [];
  }
  const inOrder = `ORDER BY seq DESC LIMIT ${limit}`;
  const parts = branches.map((branch) => `(SELECT seq FROM audit_event WHERE ${branch} AND ${where} ${inOrder})`);
  const { rows } = await pool.query<{ seq: number }>(
    `SELECT seq FROM (${parts.join(" UNION ALL ")}) AS part ${inOrder}`,
    values,
  );
  return rows.map(({ seq }) => seq);
}
