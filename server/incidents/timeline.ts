/** What happened around an incident: the record of its time and subjects, and what people noted, in order. */
import type { Pool } from "pg";
import { listEvents, type AuditEntry, type AuditFilter } from "#server/audit/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { TimelineEntry } from "#server/incidents/schema.ts";

/** What led to an incident is part of it: its timeline begins this long before it was opened (milliseconds). */
const LEAD_MS = 60 * 60_000;
/** Events of one search, and of the whole timeline. */
const MOST = 300;

type Search = Partial<AuditFilter>;

interface Period {
  openedAt: Date;
  /** Null: it goes on. */
  closedAt: Date | null;
  subjects: readonly string[];
}

/** Oldest first. `cut`: the record holds more for that time; the newest were taken. */
export async function readTimeline(
  pool: Pool,
  db: Db,
  { id, ...period }: Period & { id: string },
  now: Date,
): Promise<{ entries: TimelineEntry[]; cut: boolean }> {
  const since = new Date(period.openedAt.getTime() - LEAD_MS);
  const until = new Date((period.closedAt ?? now).getTime() + 1000);
  const searches = [{ event: "incident." }, ...(await searchesOf(db, period.subjects))];
  const [notes, ...pages] = await Promise.all([
    db.incidentNote.findMany({ where: { incidentId: id }, orderBy: { at: "asc" }, take: 1000 }),
    ...searches.map((search) => listEvents(pool, { ...search, since, until, limit: MOST })),
  ]);
  // A page may end early where rows have to be read: it then says that there is more.
  const events = new Map(pages.flatMap(({ events: found }) => found).map((event) => [event.seq, event]));
  const newest = [...events.values()].sort((a, b) => b.seq - a.seq);
  const entries = [...newest.slice(0, MOST).map(ofEvent), ...notes.map(ofNote)];
  return {
    entries: entries.sort((a, b) => a.at.getTime() - b.at.getTime()),
    cut: newest.length > MOST || pages.some(({ next }) => next !== null),
  };
}

/** What is looked for in the record: all that concerns the subjects; without subjects, whatever is not routine. */
async function searchesOf(db: Db, subjects: readonly string[]): Promise<Search[]> {
  if (subjects.length === 0) {
    return [{ level: "warn" }];
  }
  const searches = await Promise.all(
    subjects.map(async (subject): Promise<Search[]> => {
      const at = subject.indexOf(":");
      const [kind, name] = [subject.slice(0, at), subject.slice(at + 1)];
      switch (kind) {
        case "user":
          return [{ user: name }];
        case "channel":
          return [{ channel: name }];
        case "token": {
          const tokens = await db.token.findMany({ where: { OR: [{ id: name }, { familyId: name }] }, take: 20 });
          return tokens.map(({ id }) => ({ tokenId: id }));
        }
        case "member":
          return [{ actor: name }, { target: name }];
        default:
          return [{ target: name }];
      }
    }),
  );
  return searches.flat();
}

function ofEvent({
  seq,
  at,
  event,
  severity,
  actorType,
  actorId,
  userId,
  reason,
  target,
  because,
}: AuditEntry): TimelineEntry {
  const about = [target, reason, because].filter((part) => part !== undefined);
  return {
    at: new Date(at),
    what: event,
    isNote: false,
    severity,
    who:
      userId === undefined || userId === actorId ? `${actorType} ${actorId}` : `${actorType} ${actorId} for ${userId}`,
    text: about.join(" · "),
    seq: String(seq),
  };
}

const ofNote = ({
  at,
  kind,
  author,
  text,
}: {
  at: Date;
  kind: string;
  author: string;
  text: string;
}): TimelineEntry => ({
  at,
  what: kind,
  isNote: true,
  severity: "info",
  who: author,
  text,
  seq: null,
});
