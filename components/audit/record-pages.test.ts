import { expect, test, vi } from "vitest";
import { createRecordPages, type RecordPages } from "#components/audit/record-pages.ts";
import type { AuditPage, AuditRow } from "#server/audit/console/schema.ts";

const row = (seq: number): AuditRow => ({
  seq,
  at: "2026-01-01T00:00:00Z",
  event: "e",
  title: "t",
  sentence: "s",
  severity: "info",
  outcome: "ok",
  who: "w",
  channel: null,
  target: null,
  reason: null,
  correlationId: null,
});
const SIZE = 10;

function page(before: number, head = before - 1): AuditPage {
  const rows = Array.from({ length: Math.min(SIZE, before - 1) }, (_, index) => row(before - 1 - index));
  const last = rows.at(-1)?.seq ?? 1;
  return { rows, next: last > 1 ? last : null, head };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

async function loadAll(pages: RecordPages): Promise<void> {
  while (!pages.read().complete) {
    pages.loadOlder();
    await settled();
  }
}

test("a thousand rows are known while the rows of a few pages are kept, and those come back", async () => {
  const fetchPage = vi.fn(async (before: number) => page(before));
  const pages = createRecordPages(page(1_001), fetchPage);
  await loadAll(pages);
  const { slots } = pages.read();
  expect(slots).toHaveLength(1_000);
  expect(slots.filter((slot) => pages.rowAt(slot) !== undefined).length).toBe(120);
  pages.show(0, 15);
  pages.show(0, 15);
  await settled();
  expect(slots.slice(0, 16).map((slot) => pages.rowAt(slot)?.seq)).toEqual(
    Array.from({ length: 16 }, (_, n) => 1_000 - n),
  );
  expect(fetchPage.mock.calls.filter(([before]) => before === 1_001)).toHaveLength(1);
});

test("empty pages are passed over until there is a row or no next one", async () => {
  const empty = (before: number): AuditPage => ({ rows: [], next: before - 100, head: 1_000 });
  const pages = createRecordPages({ rows: [], next: 900, head: 1_000 }, async (before) =>
    before > 500 ? empty(before) : { rows: [row(7)], next: null, head: 1_000 },
  );
  pages.loadOlder();
  await settled();
  expect(pages.read()).toMatchObject({ complete: true, slots: [{ page: 1, at: 0 }] });
});

test("news stand above, once each; a burst that leaves a gap begins anew", async () => {
  const pages = createRecordPages(page(101), async (before) => page(before));
  pages.addNews(page(101));
  expect(pages.read().said).toBe("");
  pages.addNews(page(104));
  pages.addNews(page(104));
  expect(pages.read().said).toBe("3 new events");
  const seqs = () => pages.read().slots.map((slot) => pages.rowAt(slot)?.seq);
  expect(seqs().slice(0, 4)).toEqual([103, 102, 101, 100]);
  pages.addNews(page(200));
  expect(seqs()).toEqual(Array.from({ length: 10 }, (_, n) => 199 - n));
});

test("a failed page is told and tried again", async () => {
  let fails = true;
  const pages = createRecordPages(page(21), async (before) => {
    if (fails) {
      throw new Error("gone");
    }
    return page(before);
  });
  pages.loadOlder();
  await settled();
  expect(pages.read().error?.message).toBe("gone");
  fails = false;
  pages.loadOlder();
  await settled();
  expect(pages.read()).toMatchObject({ error: null, loading: false });
  expect(pages.read().slots).toHaveLength(20);
});
