/**
 * Events on their way to the sealer: what one row of `audit_intake` holds, as a JSON array. Pure.
 * Threat: a taken-over web process may store any text there. Both sides therefore go through the same functions: writers make entries with
 * `toEntries`, and the sealer reads them back with `parseEntries`, which trusts nothing and sanitises every field again.
 */
import { meaningOf } from "#server/audit/events.ts";
import { sanitizeData, sanitizeText } from "#server/audit/sanitize.ts";
import { fillIn } from "#server/audit/surroundings.ts";
import type { AuditData, AuditEventInput, AuditKind } from "#server/audit/schema.ts";
import { AppError } from "#server/core/errors.ts";

/** Absent members are left out of the JSON. Code, kind and severity follow from the event's name, so they do not travel. */
export interface AuditBatchEntry {
  /** Milliseconds since 1970. */
  at: number;
  event: string;
  outcome: string;
  actorType: string;
  actorId: string;
  tokenId: string | undefined;
  userId: string | undefined;
  channel: string | undefined;
  address: string | undefined;
  requestId: string | undefined;
  correlationId: string | undefined;
  target: string | undefined;
  reason: string | undefined;
  because: string | undefined;
  data: AuditData | undefined;
}

/** Decides by kind whether an event is wanted (`logging.audit.events`); see `selection.ts`. */
export type KindFilter = (kind: AuditKind) => boolean;

/** More in one batch is no batch of ours: sealing it would hold up everything behind it. */
const MAX_ENTRIES = 10_000;

/**
 * The stored form of those of `events` that are wanted. What belongs to a request carries its id, and so do events that follow from it in
 * other processes: the id of that request joins them all (`correlationId`).
 * @throws AppError("AUDIT_UNAVAILABLE") for more than one batch may hold.
 */
export function toEntries(events: readonly AuditEventInput[], wanted: KindFilter | undefined): AuditBatchEntry[] {
  const entries: AuditBatchEntry[] = [];
  for (const event of events) {
    if (wanted === undefined || wanted(meaningOf(event.event).kind)) {
      entries.push(fillIn(cleanEntry(event, event.at?.getTime(), event.actor.type, event.actor.id)));
    }
  }
  if (entries.length > MAX_ENTRIES) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `One change may record ${MAX_ENTRIES} events, not ${entries.length}. Split it into smaller changes.`,
    );
  }
  return entries;
}

/** The entries of a batch, or null when `text` is not one. Never throws. */
export function parseEntries(text: string): AuditBatchEntry[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  return Array.isArray(parsed) && parsed.length > 0 && parsed.length <= MAX_ENTRIES && parsed.every(isEntry)
    ? parsed.map((entry) => cleanEntry(entry, entry.at, entry.actorType, entry.actorId))
    : null;
}

/** Members of an entry before they are sanitised. */
type RawEntry = Partial<Record<keyof AuditBatchEntry, unknown>>;

const REQUIRED = ["event", "outcome", "actorType", "actorId"] as const;

function isEntry(value: unknown): value is RawEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    REQUIRED.every((name) => typeof (value as RawEntry)[name] === "string")
  );
}

function cleanEntry(raw: RawEntry, at: unknown, actorType: unknown, actorId: unknown): AuditBatchEntry {
  return {
    at: timeOf(at),
    event: text(raw.event) ?? "",
    outcome: text(raw.outcome) ?? "",
    actorType: text(actorType) ?? "",
    actorId: text(actorId) ?? "",
    tokenId: text(raw.tokenId),
    userId: text(raw.userId),
    channel: text(raw.channel),
    address: text(raw.address),
    requestId: text(raw.requestId),
    correlationId: text(raw.correlationId),
    target: text(raw.target),
    reason: text(raw.reason),
    because: text(raw.because),
    data: raw.data === undefined ? undefined : sanitizeData(raw.data),
  };
}

function text(value: unknown): string | undefined {
  if (typeof value === "string") {
    return sanitizeText(value);
  }
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

const LATEST_MS = Date.UTC(10_000, 0, 1);

/** A time outside 1970–9999 is a mistake or a lie: the time of writing is then nearer the truth. */
function timeOf(at: unknown): number {
  return Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) < LATEST_MS ? (at as number) : Date.now();
}
