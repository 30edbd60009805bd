import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Increment } from "#server/metrics/recorded/from-events.ts";
import { createSubjectRoom, type SubjectRoom } from "#server/metrics/recorded/subject-room.ts";

const MINUTE = 60_000;
const one = (subject: string, count = 1, atMs = 0): Increment => ({
  metric: "authentication_failures",
  subject,
  atMs,
  count,
  sum: count,
  max: count,
});
const place = (room: SubjectRoom, increments: Increment[]) => {
  room.unknown(increments).forEach((slot) => room.learn(slot, []));
  return room.place(increments);
};
const flood = (from: number, count: number, atMs = 0) =>
  Array.from({ length: count }, (_, index) => one(`address:192.0.${from + index}`, 1, atMs));

describe("MON-1 subjects in a bucket", () => {
  it("MON-1 a minute adds to its minute, hour and day", () => {
    const at = 26 * 3_600_000 + 3 * MINUTE;
    expect(place(createSubjectRoom(), [one("", 2, at), one("", 3, at + MINUTE)])).toEqual([
      { ...one("", 2, at), seconds: 60 },
      { ...one("", 3, at + MINUTE), seconds: 60 },
      { ...one("", 5, 26 * 3_600_000), max: 3, seconds: 3600 },
      { ...one("", 5, 24 * 3_600_000), max: 3, seconds: 86_400 },
    ]);
  });

  it("MON-1 an attacker with thousands of addresses gets a hundred buckets a minute, and the total stays exact", () => {
    const room = createSubjectRoom();
    const placed = [
      ...place(room, [one("", 3_000), ...flood(0, 3_000)]),
      ...place(room, [one("", 3_001), ...flood(3_000, 3_000), one("address:192.0.0")]),
    ].filter(({ seconds }) => seconds === 60);
    const of = (subject: string) =>
      placed.filter((found) => found.subject === subject).reduce((sum, { count }) => sum + count, 0);
    expect(new Set(placed.map(({ subject }) => subject)).size).toBe(102);
    expect([of(""), of("other:address"), of("address:192.0.0")]).toEqual([6_001, 5_900, 2]);
  });

  it("MON-1 where room is short the subjects with the most get it, and people keep theirs", () => {
    const increments = [...flood(0, 500), one("address:203.0.113.9", 80), one("user:ana", 5)];
    const subjects = place(createSubjectRoom(), increments).map(({ subject }) => subject);
    expect(subjects).toEqual(expect.arrayContaining(["address:203.0.113.9", "user:ana", "other:address"]));
  });

  it("MON-1 what is in the table already has its place after a restart", () => {
    const room = createSubjectRoom();
    const taken = flood(0, 100).map(({ metric, subject }) => `${metric}\n${subject}`);
    for (const slot of room.unknown(flood(0, 1))) {
      room.learn(slot, taken);
    }
    expect(room.unknown(flood(0, 1))).toEqual([]);
    const subjects = room.place([one("address:new"), one("address:192.0.99")]).map(({ subject }) => subject);
    expect(new Set(subjects)).toEqual(new Set(["other:address", "address:192.0.99"]));
  });

  it("MON-1 nothing is lost or doubled, whatever comes in whatever order", () => {
    const increment = fc.record({
      metric: fc.constantFrom("authentication_failures" as const, "rate_limited" as const),
      subject: fc.oneof(
        fc.constant(""),
        fc.nat(300).map((n) => `address:${n}`),
        fc.nat(9).map((n) => `user:${n}`),
      ),
      atMs: fc.nat(5_000).map((minute) => minute * MINUTE),
      count: fc.integer({ min: 1, max: 9 }),
      sum: fc.nat(9),
      max: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(fc.array(increment, { maxLength: 60 }), { maxLength: 6 }), (batches) => {
        const room = createSubjectRoom();
        const placed = batches.map((batch) => place(room, batch));
        const total = (parts: readonly Increment[]) => [
          parts.reduce((sum, { count }) => sum + count, 0),
          parts.reduce((sum, part) => sum + part.sum, 0),
        ];
        for (const seconds of [60, 3600, 86_400]) {
          expect(total(placed.flat().filter((found) => found.seconds === seconds))).toEqual(total(batches.flat()));
        }
        for (const batch of placed) {
          const keys = batch.map(({ metric, subject, seconds, atMs }) => `${metric}|${subject}|${seconds}|${atMs}`);
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
    );
  });
});
