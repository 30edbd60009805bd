/** Archives as files: whatever is done to one, nothing of it is used. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MasterCandidate } from "#server/backups/archive-key.ts";
import { openArchive, peekHeader, writeArchive, type ContentEntry } from "#server/backups/archive.ts";
import { sealStream } from "#server/core/crypto/sealed-stream.ts";

const CANARY = "canary-9f3c1d";
const master = (byte: number): MasterCandidate => ({
  secret: Buffer.alloc(32, byte),
  source: `secret ${byte}`,
  fromHome: true,
});
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-archive-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONTENT: [ContentEntry["head"], string][] = [
  [{ type: "file", area: "config", name: "openclaw.json5" }, `{ secret: "${CANARY}" }`],
  [{ type: "file", area: "keys", name: "empty" }, ""],
  [{ type: "table", name: "role", columns: ["name"] }, '["admin"]\n["user"]\n'],
];

async function write(encrypted: boolean, content = CONTENT): Promise<Buffer> {
  const entries = Readable.from(
    content.map(([head, text]): ContentEntry => ({
      head,
      content: Readable.from(text === "" ? [] : [Buffer.from(text)]),
    })),
  );
  const facts = {
    kind: "full" as const,
    version: "0.1.0",
    schema: "s",
    createdAt: new Date(0),
    encrypted,
    iterations: 1_000,
  };
  const parts: Buffer[] = [];
  for await (const part of writeArchive(master(1), facts, entries, () => ({ seq: 2, hash: "ab".repeat(32) }))) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function save(bytes: Buffer): string {
  const file = join(folder, "x.ocgbackup");
  writeFileSync(file, bytes);
  return file;
}

async function readBack(bytes: Buffer, secrets = [master(1)]): Promise<[ContentEntry["head"], string][]> {
  const archive = await openArchive(save(bytes), "x.ocgbackup", () => secrets);
  const read: [ContentEntry["head"], string][] = [];
  for await (const { head, content } of archive.entries()) {
    const parts: Uint8Array[] = [];
    for await (const part of content) {
      parts.push(part);
    }
    read.push([head, Buffer.concat(parts).toString()]);
  }
  return read;
}

describe.each([true, false])("DATA-5 an archive, encrypted: %s", (encrypted) => {
  test("comes back as it was written, with any of several secrets", async () => {
    const bytes = await write(encrypted);
    expect(await readBack(bytes)).toEqual(CONTENT);
    expect(await readBack(bytes, [master(2), master(1)])).toEqual(CONTENT);
    expect(await peekHeader(save(bytes))).toMatchObject({
      kind: "full",
      encryption: encrypted ? "AES-256-GCM" : "none",
    });
    // What stands between header and tag of the only chunk is compressed, and readable only where it is not encrypted.
    const start = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]), 12 + bytes.readUInt32BE(8));
    const text = start === -1 ? "" : gunzipSync(bytes.subarray(start, -32)).toString();
    expect(text.includes(CANARY)).toBe(!encrypted);
  });

  test("another master secret is refused by its name", async () => {
    const bytes = await write(encrypted);
    await expect(readBack(bytes, [master(2)])).rejects.toMatchObject({
      code: "CANNOT_DECRYPT",
      message: expect.stringContaining("The master secret from secret 2 does not open x.ocgbackup") as string,
    });
  });

  test("every flipped bit is refused", async () => {
    const bytes = await write(encrypted);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      // A header that names another format is a file of another version, which is refused as well.
      await expect(readBack(changed), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:CANNOT_DECRYPT|CONFLICT)$/) as string,
      });
    }
  });

  test("every cut is refused", async () => {
    const bytes = await write(encrypted);
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(readBack(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: "CANNOT_DECRYPT",
      });
    }
    await expect(readBack(Buffer.concat([bytes, Buffer.from("x")]))).rejects.toMatchObject({ code: "CANNOT_DECRYPT" });
  });
});

test.each(["openclaw-backup/0", "openclaw-backup/2"])(
  "DATA-5 the format of another version is refused by name: %s",
  async (format) => {
    const parts: Buffer[] = [];
    for await (const part of sealStream(
      Buffer.alloc(32),
      { format, kind: "full" },
      Readable.from([Buffer.from("x")]),
    )) {
      parts.push(part);
    }
    await expect(readBack(Buffer.concat(parts))).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining(`has the format ${format}; this version reads openclaw-backup/1`) as string,
    });
  },
);
