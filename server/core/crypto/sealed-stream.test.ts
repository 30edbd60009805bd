import { describe, expect, it } from "vitest";
import { openStream, sealStream } from "#server/core/crypto/sealed-stream.ts";

const KEY = Buffer.alloc(32, 3);
const CHUNK = 64 * 1024;

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const seal = (plain: Buffer, size = 1_000): Promise<Buffer> =>
  collect(sealStream(KEY, { kind: "test" }, pieces(plain, size)));

async function open(sealed: Buffer, key: Uint8Array = KEY, size = 999): Promise<Buffer> {
  const opened = await openStream(pieces(sealed, size), "the file");
  return collect(opened.content(key));
}

const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => (index * 7) % 251));

describe("DATA-5 AUD-3 sealed files", () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 17])(
    "of %i bytes open to what was sealed",
    async (length) => {
      const plain = pattern(length);
      const sealed = await seal(plain);
      expect((await openStream(pieces(sealed, 5), "the file")).header).toEqual({ kind: "test" });
      expect((await open(sealed)).equals(plain)).toBe(true);
    },
  );

  it("give nothing out that a flipped bit may have touched, wherever it is", async () => {
    const sealed = await seal(pattern(300));
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = Buffer.from(sealed);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
      await expect(open(flipped), `byte ${at}`).rejects.toThrow("Nothing of it was used");
    }
  });

  it("are refused at every length they may be cut to", async () => {
    const sealed = await seal(pattern(300));
    for (let length = 0; length < sealed.length; length += 1) {
      await expect(open(sealed.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: "CANNOT_DECRYPT",
      });
    }
  });

  it("are refused when cut between chunks, or with chunks in another order", async () => {
    const sealed = await seal(pattern(3 * CHUNK));
    const start = sealed.length - 3 * (CHUNK + 16);
    const chunk = (number: number): Buffer =>
      sealed.subarray(start + number * (CHUNK + 16), start + (number + 1) * (CHUNK + 16));
    const head = sealed.subarray(0, start);
    await expect(open(sealed.subarray(0, start + 2 * (CHUNK + 16)))).rejects.toThrow("cut");
    await expect(open(Buffer.concat([head, chunk(1), chunk(0), chunk(2)]))).rejects.toThrow("changed");
    await expect(open(Buffer.concat([head, chunk(0), chunk(2)]))).rejects.toThrow("changed");
    await expect(open(Buffer.concat([sealed, chunk(2)]))).rejects.toThrow("changed");
  });

  it("are refused with another key", async () => {
    await expect(open(await seal(pattern(10)), Buffer.alloc(32, 4))).rejects.toThrow("the key is another one");
  });
});
