/** One event in full, with what belongs to the same request. */
import type { z } from "zod";
import { noteReading } from "#server/audit/console/note-reading.ts";
import { beginReading, rowOf } from "#server/audit/console/rows.ts";
import type { AuditDetail, RowRequest } from "#server/audit/console/schema.ts";
import type { Reader, RecordServices } from "#server/audit/console/services.ts";
import { meaningText } from "#server/audit/describe/describe.ts";
import { entityLinks, ruleLink, simulatorLink } from "#server/audit/describe/links.ts";
import { reasonText } from "#server/audit/describe/reasons.ts";
import { matcherOf } from "#server/audit/export/matches.ts";
import { listEvents, type AuditEntry } from "#server/audit/reading/query.ts";
import { readSealedRow } from "#server/audit/sealed-rows.ts";
import { AppError } from "#server/core/errors.ts";

/** Events of one request that are shown; there are rarely more than a dozen. */
const GROUP_ROWS = 100;

/** @throws AppError("NOT_FOUND") when there is no such row any more, or not yet. */
export async function readDetail(
  services: Pick<RecordServices, "pool" | "audit" | "clock">,
  reader: Reader,
  { seq, ...question }: z.infer<typeof RowRequest>,
): Promise<AuditDetail> {
  const search = await beginReading(services, reader, question);
  const sealed = await readSealedRow(services.pool, seq);
  if (sealed === undefined) {
    throw new AppError(
      "NOT_FOUND",
      `There is no row ${seq} in the record: it was removed when its time was over, or never was.`,
    );
  }
  const { row: entry, hash } = sealed;
  if (!matcherOf(search)(entry)) {
    // A row that the search does not show is a reading of its own.
    await noteReading(services, reader, `row ${seq}`, { seq });
  }
  return {
    row: rowOf(entry),
    entry: { ...entry },
    hash: hash.toString("hex"),
    meaning: meaningText(entry.event),
    reason: reasonText(entry),
    because: entry.because ?? null,
    rule: ruleLink(entry),
    links: entityLinks(entry),
    simulate: simulatorLink(entry),
    group: await groupOf(services, entry),
  };
}

async function groupOf({ pool }: Pick<RecordServices, "pool">, entry: AuditEntry): Promise<AuditDetail["group"]> {
  const id = entry.correlationId ?? entry.requestId ?? null;
  if (id === null) {
    return { id, rows: [], more: false };
  }
  const found = new Map<number, AuditEntry>();
  const collect = async (search: { requestId: string } | { target: string }): Promise<boolean> => {
    const { events, next } = await listEvents(pool, { ...search, limit: GROUP_ROWS });
    for (const event of events.filter(({ requestId, correlationId }) => requestId === id || correlationId === id)) {
      found.set(event.seq, event);
    }
    return next !== null && events.length >= GROUP_ROWS;
  };
  // Other processes record under their own request and name the run; that and the request have an index, what joins them has none.
  const cut = [await collect({ requestId: id })];
  const targets = [entry, ...found.values()].flatMap(({ target }) =>
    target?.startsWith("run_") === true ? [target] : [],
  );
  for (const target of new Set(targets)) {
    cut.push(await collect({ target }));
  }
  found.set(entry.seq, entry);
  const rows = [...found.values()].sort((a, b) => a.seq - b.seq).map(rowOf);
  return { id, rows: rows.slice(0, GROUP_ROWS), more: cut.includes(true) || rows.length > GROUP_ROWS };
}
