import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteCap, FrameReader, TextCleaner, type OutputStream } from "#worker/output.ts";

const frame = (stream: OutputStream, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
};

/** Cuts `bytes` at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe("frames", () => {
  test("come out whole however the stream is cut", () => {
    const frames = fc.array(
      fc.tuple(fc.constantFrom<OutputStream>("stdout", "stderr"), fc.uint8Array({ maxLength: 40 })),
    );
    fc.assert(
      fc.property(frames, cuts, (sent, places) => {
        const seen = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
        const reader = new FrameReader((stream, payload) => seen[stream].push(Buffer.from(payload)));
        cut(Buffer.concat(sent.map(([stream, payload]) => frame(stream, payload))), places).forEach((part) =>
          reader.push(part),
        );
        for (const stream of ["stdout", "stderr"] as const) {
          const expected = Buffer.concat(sent.filter(([name]) => name === stream).map(([, payload]) => payload));
          expect(Buffer.concat(seen[stream]).equals(expected)).toBe(true);
        }
      }),
    );
  });

  test("bytes that are no frames are an error, not output", () => {
    const reader = new FrameReader(() => expect.unreachable());
    expect(() => reader.push(Buffer.from("plain text of a terminal"))).toThrow("not in frames");
    const huge = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    expect(() => new FrameReader(() => undefined).push(huge)).toThrow("not in frames");
  });
});

const cleaned = (parts: readonly Buffer[]): string => {
  const cleaner = new TextCleaner();
  return parts.map((part) => cleaner.push(part)).join("") + cleaner.end();
};

describe("text", () => {
  test("the cut makes no difference: characters and escapes may lie on a border", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\x1b[31m",
        "\x1b]0;t\x07",
        "\x1b]8;;x\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x1b",
        "\x9b1m",
        "é€😀",
        "\n",
        "\x1b(B",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), cuts, (pieces, places) => {
        const bytes = Buffer.from(pieces.join(""));
        expect(cleaned(cut(bytes, places))).toBe(cleaned([bytes]));
      }),
    );
  });

  test("any bytes become text without control characters that a database and JSON can hold", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = cleaned([Buffer.from(bytes)]);
        expect(text).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
  });

  test("plain text in any script stays as it is", () => {
    const printable = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(printable, (text) => {
        expect(cleaned([Buffer.from(`${text}\r\n\t`)])).toBe(`${text}\r\n\t`);
      }),
    );
  });

  test.each([
    ["colours", "\x1b[1;31mred\x1b[0m", "red"],
    ["window title", "\x1b]0;owned\x07text", "text"],
    ["link", "\x1b]8;;https://example.com\x1b\\click\x1b]8;;\x1b\\", "click"],
    ["a string that is never ended stops at the line end", "\x1b]0;x\nnext", "\nnext"],
    ["a sequence cut off by a line end", "\x1b[12\nnext", "\nnext"],
    ["cursor movements", "a\x1b[2Ab\x1b[Hc\x1b7d\x1bce", "abcde"],
    ["character set", "\x1b(Bx", "x"],
    ["bell, backspace, NUL", "a\x07b\x08c\0d", "abcd"],
  ])("%s", (_name, raw, text) => {
    expect(cleaned([Buffer.from(raw)])).toBe(text);
  });
});

test("SBX-12 the cap keeps exactly its bytes and says that there was more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(fc.uint8Array({ maxLength: 40 })), (limit, chunks) => {
      const cap = new ByteCap(limit);
      const kept = Buffer.concat(chunks.map((chunk) => cap.take(Buffer.from(chunk))));
      const all = Buffer.concat(chunks);
      expect(kept.equals(all.subarray(0, limit))).toBe(true);
      expect(cap.exceeded).toBe(all.length > limit);
      expect(cap.kept).toBe(kept.length);
    }),
  );
});
