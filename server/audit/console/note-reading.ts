/**
 * Whoever reads the record is on record: once per session and search, before anything is shown. The pages behind the first one, refreshes and
 * following live are the same reading; a record for each would bury what is looked for.
 */
import type { AuditData } from "#server/audit/schema.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import type { Reader, RecordServices } from "#server/audit/console/services.ts";

/** Milliseconds after which the same search by the same session is on record again. */
const SAME_READING_MS = 15 * 60_000;
/** The oldest are forgotten: at worst a reading is on record twice. */
const MAX_READINGS = 2_000;

interface Reading {
  at: number;
  recorded: Promise<void>;
}

type Holder = typeof globalThis & { [SLOT]?: Map<string, Reading> };
// Each entry point that Next builds has a copy of this module.
const SLOT = Symbol.for("openclaw.audit.readings");

/**
 * @param what names the search or row for this session.
 * @throws AppError("AUDIT_UNAVAILABLE") when it cannot be recorded: then nothing may be shown.
 */
export function noteReading(
  { audit, clock }: Pick<RecordServices, "audit" | "clock">,
  reader: Reader,
  what: string,
  filter: AuditSearch | { seq: number },
): Promise<void> {
  const readings = ((globalThis as Holder)[SLOT] ??= new Map<string, Reading>());
  const key = `${reader.sessionId}\n${what}`;
  const now = clock.now();
  const known = readings.get(key);
  if (known !== undefined && now - known.at < SAME_READING_MS && now >= known.at) {
    return known.recorded;
  }
  const data = { filter: JSON.parse(JSON.stringify(filter)) as AuditData };
  const recorded = audit.append([{ event: "audit.read", outcome: "ok", actor: reader.actor, reason: "console", data }]);
  readings.delete(key);
  readings.set(key, { at: now, recorded });
  recorded.catch(() => readings.delete(key));
  for (const oldest of readings.keys()) {
    if (readings.size <= MAX_READINGS) {
      break;
    }
    readings.delete(oldest);
  }
  return recorded;
}
