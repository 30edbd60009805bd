/** Files that came with a message, as files of the run it starts: fetched through the adapter, bounded, then judged like all others. */
import type { LiveChannel } from "#server/channels/connections.ts";
import type { InboundEvent } from "#server/channels/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { RUN_FILE_LIMITS } from "#server/files/schema.ts";

interface RunFile {
  path: string;
  /** Base64. */
  content: string;
}

/** @throws AppError INVALID_INPUT for what is too large, too many or not fetched */
export async function fetchFiles(
  { adapter, http }: Pick<LiveChannel, "adapter" | "http">,
  { attachments }: Pick<InboundEvent, "attachments">,
): Promise<RunFile[]> {
  if (adapter.fetchAttachment === undefined) {
    throw new AppError("INVALID_INPUT", "Files cannot be taken from this platform. Send the text alone.");
  }
  if (attachments.length > RUN_FILE_LIMITS.inputs) {
    throw new AppError("INVALID_INPUT", `At most ${RUN_FILE_LIMITS.inputs} files can come with one message.`);
  }
  const files: RunFile[] = [];
  const taken = new Set<string>();
  let room: number = RUN_FILE_LIMITS.inputBytes;
  for (const attachment of attachments) {
    if ((attachment.bytes ?? 0) > room) {
      throw tooMuch();
    }
    const content = await adapter.fetchAttachment(http, attachment, room).catch((error: unknown) => {
      throw error instanceof AppError
        ? error
        : new AppError("INVALID_INPUT", `The file "${attachment.name}" could not be fetched from the platform.`, {
            cause: error,
          });
    });
    room -= content.length;
    if (room < 0) {
      throw tooMuch();
    }
    files.push({ path: freeName(attachment.name, taken), content: content.toString("base64") });
  }
  return files;
}

const tooMuch = (): AppError =>
  new AppError("INVALID_INPUT", `All files of one message together may have ${RUN_FILE_LIMITS.inputBytes} bytes.`);

/** The last part of a name, without what no path may hold; a second file of one name gets a number. */
function freeName(written: string, taken: Set<string>): string {
  const plain = (written.split(/[/\\]/).at(-1) ?? "").replace(/[\p{Cc}\p{Cf}]/gu, "").trim();
  const name = plain === "" || /^\.+$/.test(plain) ? "file" : plain;
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${number}-${name}`;
    if (!taken.has(candidate.toLowerCase())) {
      taken.add(candidate.toLowerCase());
      return candidate;
    }
  }
}
