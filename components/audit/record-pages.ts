/**
 * The record as an endless table sees it: how many rows are known, and the rows of the pages near the eye. Pages that were left behind are
 * forgotten and read again when somebody comes back, so memory does not grow with how far one scrolls.
 */
import type { AuditPage, AuditRow } from "#server/audit/console/schema.ts";

/** A place in the table; its row may have to be read again. */
export interface Slot {
  page: number;
  at: number;
  key: string;
}

interface Snapshot {
  slots: readonly Slot[];
  loading: boolean;
  /** Nothing older is left. */
  complete: boolean;
  error: Error | null;
  /** What came in last, in words. */
  said: string;
  /** Changes when rows arrive. */
  version: number;
}

interface Mark {
  before: number;
  length: number;
}

/** Pages whose rows are kept. */
const KEPT_PAGES = 12;
/** Empty pages that are passed over at a time: a rare search goes on by itself for a while. */
const MAX_EMPTY = 25;
/** Rows that came in live; beyond it the table is begun anew. */
const MAX_NEWS = 1_000;
const NEWS = -1;

export interface RecordPages {
  subscribe: (listener: () => void) => () => void;
  read: () => Snapshot;
  rowAt: (slot: Slot) => AuditRow | undefined;
  loadOlder: () => void;
  /** Says which places are in view: their rows are read again where they were forgotten. */
  show: (first: number, last: number) => void;
  /** Takes the newest page as it is now; begins anew when there are too many new rows to show above the others. */
  addNews: (page: AuditPage) => void;
}

export function createRecordPages(first: AuditPage, fetchPage: (before: number) => Promise<AuditPage>): RecordPages {
  const listeners = new Set<() => void>();
  const marks: Mark[] = [{ before: first.head + 1, length: first.rows.length }];
  const kept = new Map<number, readonly AuditRow[]>([[0, first.rows]]);
  const wanted = new Set<number>();
  let news: readonly AuditRow[] = [];
  let known = first.head;
  let next = first.next;
  /** Grows when the table begins anew: what was asked before belongs to the old one. */
  let beginning = 0;
  let snapshot: Snapshot = {
    slots: slotsOf(marks, 0),
    loading: false,
    complete: next === null,
    error: null,
    said: "",
    version: 0,
  };

  function change(part: Partial<Snapshot>): void {
    snapshot = { ...snapshot, ...part, complete: next === null, version: snapshot.version + 1 };
    listeners.forEach((listener) => listener());
  }

  function keep(page: number, rows: readonly AuditRow[]): void {
    kept.delete(page);
    kept.set(page, rows);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_PAGES) {
        break;
      }
      kept.delete(oldest);
    }
  }

  function beginAnew(page: AuditPage): void {
    marks.splice(0, marks.length, { before: page.head + 1, length: page.rows.length });
    kept.clear();
    beginning += 1;
    kept.set(0, page.rows);
    [news, known, next] = [[], page.head, page.next];
    change({ slots: slotsOf(marks, 0), said: "Many new events; the table begins with the newest" });
  }

  /** @returns the places of the rows that were found. */
  async function older(): Promise<Slot[]> {
    const asked = beginning;
    for (let empty = 0; next !== null && empty < MAX_EMPTY; empty += 1) {
      const before = next;
      const page = await fetchPage(before);
      if (asked !== beginning) {
        return [];
      }
      next = page.next;
      if (page.rows.length > 0) {
        keep(marks.length, page.rows);
        marks.push({ before, length: page.rows.length });
        return slotsOfPage(marks.length - 1, page.rows.length);
      }
    }
    return [];
  }

  async function again(page: number, before: number): Promise<void> {
    try {
      keep(page, (await fetchPage(before)).rows);
      change({ error: null });
    } catch (error) {
      change({ error: error instanceof Error ? error : new Error(String(error)) });
    } finally {
      wanted.delete(page);
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    read: () => snapshot,
    rowAt: ({ page, at }) => (page === NEWS ? news[at] : kept.get(page)?.[at]),
    loadOlder() {
      if (snapshot.loading || next === null) {
        return;
      }
      change({ loading: true, error: null });
      older().then(
        // Those that are known stay as they are: making them anew for each page would be felt after some thousand.
        (found) => change({ loading: false, slots: [...snapshot.slots, ...found] }),
        (error: unknown) =>
          change({ loading: false, error: error instanceof Error ? error : new Error(String(error)) }),
      );
    },
    show(from, to) {
      const pages = new Set(snapshot.slots.slice(from, to + 1).map(({ page }) => page));
      for (const page of pages) {
        const mark = marks[page];
        const rows = kept.get(page);
        if (rows !== undefined) {
          keep(page, rows);
        } else if (mark !== undefined && !wanted.has(page)) {
          wanted.add(page);
          void again(page, mark.before);
        }
      }
    },
    addNews(page) {
      const fresh = page.rows.filter(({ seq }) => seq > known);
      const oldest = page.rows.at(-1);
      const gap =
        page.next !== null && oldest !== undefined && oldest.seq > known + 1 && fresh.length === page.rows.length;
      if (gap || news.length + fresh.length > MAX_NEWS) {
        beginAnew(page);
        return;
      }
      known = Math.max(known, page.head);
      if (fresh.length > 0) {
        news = [...fresh, ...news];
        const said = `${fresh.length} new ${fresh.length === 1 ? "event" : "events"}`;
        change({ slots: slotsOf(marks, news.length), said });
      }
    },
  };
}

function slotsOf(marks: readonly Mark[], news: number): Slot[] {
  const slots = Array.from({ length: news }, (_, at): Slot => ({ page: NEWS, at, key: `n${news - at}` }));
  return slots.concat(...marks.map(({ length }, page) => slotsOfPage(page, length)));
}

const slotsOfPage = (page: number, length: number): Slot[] =>
  Array.from({ length }, (_, at) => ({ page, at, key: `${page}.${at}` }));
