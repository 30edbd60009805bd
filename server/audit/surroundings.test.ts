import { describe, expect, test } from "vitest";
import { toEntries } from "#server/audit/entry.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { isRecorded, onOccasion, recordOnly } from "#server/audit/surroundings.ts";

const event: AuditEventInput = {
  event: "role.changed",
  outcome: "ok",
  actor: { type: "operator", id: "cli" },
  target: "r",
};
const entryOf = (input: AuditEventInput) => toEntries([input], undefined)[0];

describe("the occasion of an event", () => {
  test("AUD-2 request, address and token of the call are added, also after waiting and deep inside", async () => {
    const occasion = { requestId: "req_1", address: "192.0.2.7", tokenId: "0123456789ab" };
    const entry = await onOccasion(occasion, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return entryOf(event);
    });
    expect(entry).toMatchObject({ ...occasion, correlationId: "req_1" });
  });

  test("calls side by side do not mix", async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `req_${n}`);
    const entries = await Promise.all(
      ids.map((requestId) =>
        onOccasion({ requestId }, async () => {
          await Promise.resolve();
          return entryOf(event);
        }),
      ),
    );
    expect(entries.map((entry) => entry?.correlationId)).toEqual(ids);
  });

  test("what an event says itself counts, and another request's address is not put on it", () => {
    const entry = onOccasion({ requestId: "req_1", address: "192.0.2.7" }, () =>
      entryOf({ ...event, requestId: "req_0" }),
    );
    expect(entry).toMatchObject({ requestId: "req_0", correlationId: "req_0" });
    expect(entry?.address).toBeUndefined();
  });

  test("what the gateway itself found is nobody's doing", () => {
    const fault: AuditEventInput = {
      event: "limit.store_lost",
      outcome: "failed",
      actor: { type: "system", id: "server" },
    };
    expect(onOccasion({ requestId: "req_1" }, () => entryOf(fault))?.requestId).toBeUndefined();
  });

  test("without one there is nothing to add, and a request joins its own events", () => {
    expect(entryOf(event)?.correlationId).toBeUndefined();
    expect(entryOf({ ...event, requestId: "req_9" })?.correlationId).toBe("req_9");
  });
});

test("AUD-2 a process records what it was told to, everything before it was told", () => {
  expect(isRecorded("file_access")).toBe(true);
  recordOnly((kind) => kind !== "file_access");
  expect([isRecorded("file_access"), isRecorded("errors")]).toEqual([false, true]);
});
