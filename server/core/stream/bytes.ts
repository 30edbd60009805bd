/** A stream of bytes taken in pieces of chosen sizes. */

export type Bytes = AsyncIterable<Uint8Array>;

export interface ByteReader {
  /** So many bytes, or as many as there are left. */
  take(bytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

export function takeFrom(source: Bytes): ByteReader {
  const iterator: AsyncIterator<Uint8Array, unknown> = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    async take(bytes) {
      const parts = [held];
      let length = held.length;
      while (length < bytes) {
        const next = await iterator.next();
        if (next.done === true) {
          break;
        }
        const { buffer, byteOffset, byteLength } = next.value;
        parts.push(Buffer.from(buffer, byteOffset, byteLength));
        length += byteLength;
      }
      const all = parts.length === 1 ? held : Buffer.concat(parts);
      held = all.subarray(bytes);
      return all.subarray(0, bytes);
    },
    async close() {
      await iterator.return?.();
    },
  };
}

/** Pieces of exactly `size` bytes; only the last one may have fewer. */
export async function* inChunks(source: Bytes, size: number): AsyncGenerator<Buffer, void, void> {
  const reader = takeFrom(source);
  try {
    for (let chunk = await reader.take(size); chunk.length > 0; chunk = await reader.take(size)) {
      yield chunk;
    }
  } finally {
    await reader.close();
  }
}

/** Text in lines, without their ends. Lines may be of any length. */
export async function* linesOf(source: Bytes): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  for await (const bytes of source) {
    let start = 0;
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
    }
  }
  if (parts.length > 0) {
    yield Buffer.concat(parts).toString("utf8");
  }
}
