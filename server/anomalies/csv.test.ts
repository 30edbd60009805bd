import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowReader, MAX_LINE } from "#server/anomalies/csv.ts";
import { isAppError } from "#server/core/errors.ts";

const read = (...lines: string[]) => {
  const reader = createRowReader();
  return lines.map((line) => reader(line));
};

describe("MON-1 timestamp,value files", () => {
  it.each([
    ["2026-03-01 12:30:00", "2026-03-01T12:30:00.000Z"],
    ["2026-03-01 12:30", "2026-03-01T12:30:00.000Z"],
    ["2026-03-01T12:30:00Z", "2026-03-01T12:30:00.000Z"],
    ["2026-03-01T12:30:00.123456", "2026-03-01T12:30:00.123Z"],
    ["2026-03-01T12:30:00+0200", "2026-03-01T10:30:00.000Z"],
    ["2026-03-01T12:30:00-05:30", "2026-03-01T18:00:00.000Z"],
    ["2026-03-01", "2026-03-01T00:00:00.000Z"],
  ])("MON-1 reads the moment %s", (text, moment) => {
    const [row] = read(`${text},1`);
    expect(new Date(row?.at ?? NaN).toISOString()).toBe(moment);
    expect(row?.timestamp).toBe(text);
  });

  it("MON-1 takes a header, columns in another order, quotes, a byte order mark and line ends of Windows", () => {
    expect(read("\uFEFFtimestamp,value\r", "2026-03-01,1.5\r", "")).toEqual([
      undefined,
      { timestamp: "2026-03-01", at: Date.UTC(2026, 2, 1), text: "1.5", value: 1.5 },
      undefined,
    ]);
    expect(read("host,Value,Timestamp", 'a,"-2e3","2026-03-01"')[1]).toMatchObject({ value: -2000 });
  });

  it.each([
    [["timestamp,value", "2026-03-01,abc"], 'line 2, value: "abc" is no finite number.'],
    [["2026-03-01,1", "2026-03-02"], "line 2, value: is missing."],
    [["2026-03-01,1", ",2"], "line 2, timestamp: is missing."],
    [["2026-02-30,1"], /^line 1, timestamp: "2026-02-30" is no moment/],
    [["2026-03-01 25:00:00,1"], /^line 1, timestamp: /],
    [["2026-03-01,NaN"], /^line 1, value: /],
    [["2026-03-01,Infinity"], /^line 1, value: /],
    [["2026-03-01,1e999"], /^line 1, value: /],
    [["2026-03-01,0x10"], /^line 1, value: /],
    [["timestamp,wert"], /^line 1, value: is missing in the header/],
    [["when,what"], /^line 1, timestamp: is missing in the header/],
    [["x".repeat(MAX_LINE + 1)], /^line 1, line: is longer/],
  ])("MON-1 says where %j is wrong", (lines, message) => {
    expect(() => read(...lines)).toThrow(message);
  });

  it("MON-1 reads back every number and moment, and refuses anything else as bad input", () => {
    const moment = fc.date({ noInvalidDate: true, min: new Date("1970-01-01"), max: new Date("2100-01-01") });
    fc.assert(
      fc.property(
        moment,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
        (at, value) => {
          expect(read(`${at.toISOString()},${value}`)[0]).toMatchObject({ at: at.getTime(), value });
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (line) => {
        try {
          read(line, line);
        } catch (error) {
          expect(isAppError(error)).toBe(true);
        }
      }),
    );
  });
});
