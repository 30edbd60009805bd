import { hash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readEntries, writeEntries, type Entry } from "#server/backups/entries.ts";
import type { EntryHead } from "#server/backups/schema.ts";
import { openSigned, signStream } from "#server/core/crypto/signed-stream.ts";

const KEY = Buffer.alloc(32, 3);

/** Numbers from a seed, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

const bytesOf = (parts: readonly Buffer[]): AsyncIterable<Uint8Array> =>
  Readable.from(parts.filter((part) => part.length > 0));

async function joined(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Cut into pieces of any size, as a file or a decompressor gives them. */
function* pieces(bytes: Buffer, random: (below: number) => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random(3_000);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface Written {
  head: EntryHead;
  body: Buffer;
}

function randomEntries(random: (below: number) => number): Written[] {
  return Array.from({ length: random(6) }, (_, index) => ({
    head:
      random(2) === 0
        ? { type: "file", area: "keys", name: `file-${index}` }
        : { type: "table", name: `table_${index}`, columns: ["id", "name"] },
    body: Buffer.alloc(random(4) === 0 ? 1_500_000 + random(9) : random(70_000), random(256)),
  }));
}

/** Comparing megabytes byte by byte takes minutes. */
const summary = ({ head, body }: Written) => ({ head, bytes: body.length, sha256: hash("sha256", body) });

const stream = (entries: readonly Written[]): AsyncGenerator<Buffer> =>
  writeEntries(Readable.from(entries.map(({ head, body }): Entry => ({ head, content: bytesOf([body]) }))));

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Written[]> {
  const read: Written[] = [];
  for await (const { head, content } of readEntries(source, "x")) {
    read.push({ head, body: await joined(content) });
  }
  return read;
}

/** A head as an archive could only have it if somebody with the key had made it. */
async function withHead(head: object): Promise<Buffer> {
  return joined(stream([{ head: head as EntryHead, body: Buffer.from("x") }]));
}

describe("DATA-5 entries", () => {
  test("come back as they were written, however the bytes are cut", async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = numbers(seed);
      const entries = randomEntries(random);
      const bytes = await joined(stream(entries));
      const read = await readAll(Readable.from(pieces(bytes, random)));
      expect(read.map(summary)).toEqual(entries.map(summary));
    }
  });

  test("can be passed over without being read", async () => {
    const random = numbers(7);
    const entries = [...randomEntries(random), ...randomEntries(random)];
    const heads: EntryHead[] = [];
    for await (const { head } of readEntries(stream(entries), "x")) {
      heads.push(head);
    }
    expect(heads).toEqual(entries.map(({ head }) => head));
  });

  test("a stream that ends early or goes on after its end is refused", async () => {
    const bytes = await joined(
      stream([{ head: { type: "file", area: "keys", name: "a" }, body: Buffer.from("body") }]),
    );
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(readAll(Readable.from([bytes.subarray(0, length), Buffer.alloc(0)]))).rejects.toThrow(
        /not laid out/,
      );
    }
    await expect(readAll(Readable.from([bytes, Buffer.from("x")]))).rejects.toThrow(/not laid out/);
  });

  test.each([
    { type: "file", area: "keys", name: "../token-pepper" },
    { type: "file", area: "keys", name: "/etc/passwd" },
    { type: "file", area: "keys", name: "folder/name" },
    { type: "file", area: "keys", name: ".." },
    { type: "file", area: "keys", name: ".hidden" },
    { type: "file", area: "keys", name: "nul\0byte" },
    { type: "file", area: "run", name: "supervisor.lock" },
    { type: "file", area: "keys", name: "a", link: "/etc/passwd" },
    { type: "link", area: "keys", name: "a", target: "/etc/passwd" },
    { type: "table", name: 'role"; DROP TABLE token; --', columns: ["id"] },
    { type: "table", name: "role", columns: ["id) VALUES (1"] },
    { type: "table", name: "role", columns: [] },
  ])("a place that no home has is refused, whoever made the archive: %j", async (head) => {
    await expect(readAll(Readable.from([await withHead(head)]))).rejects.toThrow(/has no place in a home/);
  });
});

describe("DATA-5 signed streams", () => {
  const sign = (plain: Buffer): Promise<Buffer> => joined(signStream(KEY, { a: 1 }, bytesOf([plain])));
  const open = async (signed: Buffer, key = KEY): Promise<Buffer> =>
    joined((await openSigned(Readable.from([signed, Buffer.alloc(0)]), "x")).content(key));

  test.each([0, 1, 65_535, 65_536, 65_537, 200_000])("%i bytes come back", async (length) => {
    const plain = Buffer.alloc(length, 5);
    expect((await open(await sign(plain))).equals(plain)).toBe(true);
  });

  test("every flipped byte, every cut and another key are refused", async () => {
    const signed = await sign(Buffer.from("readable, and nobody's to change"));
    for (let at = 0; at < signed.length; at += 1) {
      const changed = Buffer.from(signed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await expect(open(changed)).rejects.toThrow(/^x /);
      await expect(open(signed.subarray(0, at))).rejects.toThrow(/^x /);
    }
    await expect(open(signed, Buffer.alloc(32, 4))).rejects.toThrow(/changed or cut/);
  });

  test("chunks that change places, and a file cut between two chunks, are refused", async () => {
    const signed = await sign(Buffer.alloc(3 * 65_536, 9));
    const chunk = 65_536 + 32;
    const start = signed.length - 3 * chunk;
    const [a, b, c] = [0, 1, 2].map((number) => signed.subarray(start + number * chunk, start + (number + 1) * chunk));
    const head = signed.subarray(0, start);
    const put = (...parts: (Buffer | undefined)[]): Buffer =>
      Buffer.concat([head, ...parts.flatMap((part) => part ?? [])]);
    expect((await open(put(a, b, c))).length).toBe(3 * 65_536);
    await expect(open(put(b, a, c))).rejects.toThrow(/changed or cut/);
    await expect(open(put(a, b))).rejects.toThrow(/changed or cut/);
    await expect(open(put(a, b, c, c))).rejects.toThrow(/changed or cut/);
  });
});
