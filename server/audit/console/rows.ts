/** Pages of the record as the console shows them. */
import type { z } from "zod";
import type { AuditPage, AuditRow, PageRequest, Question } from "#server/audit/console/schema.ts";
import { searchOf } from "#server/audit/console/asked.ts";
import { noteReading } from "#server/audit/console/note-reading.ts";
import type { Reader, RecordServices } from "#server/audit/console/services.ts";
import { describeEntry } from "#server/audit/describe/describe.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import { listEvents, type AuditEntry } from "#server/audit/reading/query.ts";
import { readHeadSeq } from "#server/audit/sealed-rows.ts";

type ReadServices = Pick<RecordServices, "pool" | "audit" | "clock">;

export function rowOf(entry: AuditEntry): AuditRow {
  const { seq, at, event, severity, outcome, userId, actorType, actorId } = entry;
  return {
    seq,
    at,
    event,
    ...describeEntry(entry),
    severity,
    outcome,
    who: userId ?? (actorType === actorId ? actorType : `${actorType} ${actorId}`),
    channel: entry.channel ?? null,
    target: entry.target ?? null,
    reason: entry.reason ?? null,
    correlationId: entry.correlationId ?? null,
  };
}

/** What makes two questions the same search of one session. */
const questionKey = ({ q, from, to }: Question): string => JSON.stringify([q.trim(), from ?? null, to ?? null]);

/** The search behind a question, once it is on record that it was asked. @throws AppError("INVALID_INPUT" | "AUDIT_UNAVAILABLE") */
export async function beginReading(services: ReadServices, reader: Reader, question: Question): Promise<AuditSearch> {
  const search = searchOf(question, services.clock.now());
  await noteReading(services, reader, questionKey(question), search);
  return search;
}

/**
 * One page, newest first. Without `before` it begins at the newest event there is; with `before: head + 1` of that answer the same page is read
 * again, whatever has happened since.
 */
export async function readPage(
  services: ReadServices,
  reader: Reader,
  { before, limit, ...question }: z.infer<typeof PageRequest>,
): Promise<AuditPage> {
  const search = await beginReading(services, reader, question);
  const from = before ?? (await readHeadSeq(services.pool)) + 1;
  const { events, next } = await listEvents(services.pool, { ...search, before: from, limit });
  return { rows: events.map(rowOf), next, head: from - 1 };
}
