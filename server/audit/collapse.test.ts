import { describe, expect, test } from "vitest";
import { createCollapser } from "#server/audit/collapse.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError } from "#server/core/errors.ts";

const refusal = (requestId: string): AuditEventInput => ({
  event: "auth.token_rejected",
  outcome: "denied",
  actor: { type: "anonymous", id: "127.0.0.1" },
  requestId,
  data: { why: "test" },
});

/** A writer whose inserts end when the test says so. */
function heldWriter() {
  const rows: AuditEventInput[] = [];
  const held: { finish: () => void; fail: (error: AppError) => void }[] = [];
  return {
    rows,
    held,
    audit: {
      append(events: readonly AuditEventInput[]): Promise<void> {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        held.push({ finish: () => (rows.push(...events), resolve()), fail: reject });
        return promise;
      },
    },
  };
}

const counts = (rows: readonly AuditEventInput[]): unknown[] => rows.map((row) => row.data?.["count"]);

describe("AUTH-9 collapsing refusals", () => {
  test("what arrives while a record is being written is gathered into the next, and nobody is answered before it", async () => {
    const { audit, rows, held } = heldWriter();
    const collapser = createCollapser(audit);
    const settled: string[] = [];
    const all = ["a", "b", "c"].map((id) => collapser.record("flood", refusal(id)).then(() => void settled.push(id)));
    expect(held).toHaveLength(1);
    held[0]?.finish();
    await expect.poll(() => held.length).toBe(2);
    expect(settled).toEqual(["a"]);
    held[1]?.finish();
    await Promise.all(all);
    expect(rows.map(({ requestId }) => requestId)).toEqual(["a", "b"]);
    expect(counts(rows)).toEqual([1, 2]);
    expect(rows[1]?.data).toMatchObject({ why: "test" });
  });

  test("keys do not wait for each other", async () => {
    const { audit, held } = heldWriter();
    const collapser = createCollapser(audit);
    void collapser.record("one", refusal("a"));
    void collapser.record("other", refusal("b"));
    expect(held).toHaveLength(2);
  });

  test("a record that cannot be written fails everyone it counts, and the next is tried afresh", async () => {
    const { audit, rows, held } = heldWriter();
    const collapser = createCollapser(audit);
    const first = collapser.record("flood", refusal("a"));
    const gathered = [collapser.record("flood", refusal("b")), collapser.record("flood", refusal("c"))];
    held[0]?.finish();
    await first;
    await expect.poll(() => held.length).toBe(2);
    held[1]?.fail(new AppError("AUDIT_UNAVAILABLE", "down"));
    expect((await Promise.allSettled(gathered)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const later = collapser.record("flood", refusal("d"));
    await expect.poll(() => held.length).toBe(3);
    held[2]?.finish();
    await later;
    expect(rows.map(({ requestId }) => requestId)).toEqual(["a", "d"]);
  });

  test("any mixture of bursts adds up", async () => {
    const rows: AuditEventInput[] = [];
    const collapser = createCollapser({ append: async (events) => void rows.push(...events) });
    for (const burst of [1, 250, 1, 37, 711]) {
      await Promise.all(Array.from({ length: burst }, (_, n) => collapser.record(`k${n % 3}`, refusal(`r${n}`))));
    }
    expect(rows.reduce((sum, row) => sum + Number(row.data?.["count"]), 0)).toBe(1_000);
    expect(rows.length).toBeLessThan(40);
  });
});
