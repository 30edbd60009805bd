/** Bytes ⇄ lines, for files of any length. */
import { AppError } from "#server/core/errors.ts";

type Bytes = AsyncIterable<Uint8Array>;

const NEWLINE = 0x0a;
/** Far above what one row can take up: a file that claims more would only fill the memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/**
 * The lines without their line ends, some at a time.
 * @param name for messages. @throws AppError("AUDIT_UNAVAILABLE") when the end is in the middle of a line.
 */
export async function* linesIn(bytes: Bytes, name: string): AsyncGenerator<string[], void, void> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let count = 0;
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end >= 0) {
      const lines = Buffer.concat([...held, chunk.subarray(0, end)])
        .toString("utf8")
        .split("\n");
      count += lines.length;
      yield lines;
      held = [];
      heldBytes = 0;
    }
    held.push(chunk.subarray(end + 1));
    heldBytes += chunk.length - end - 1;
    if (heldBytes > MAX_LINE_BYTES) {
      throw new AppError("AUDIT_UNAVAILABLE", `Line ${count + 1} of ${name} is longer than any row of the record.`);
    }
  }
  if (heldBytes > 0) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `${name} ends in the middle of line ${count + 1}: it was cut, or a crash left it so, which the next start of the gateway makes good.`,
    );
  }
}
