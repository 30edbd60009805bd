/** Packs rotated files one after the other beside the sealing. What fails stays as it is and is tried again at the next call. */
import { siblingsOf } from "#server/audit/files/names.ts";
import { packFile, type PackOptions } from "#server/audit/files/pack.ts";
import { messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

export interface Packer {
  /** Packs what is there in the background. */
  wake(): void;
  /** Resolves when nothing is left to do. */
  idle(): Promise<void>;
  /** Stops at once: a file that is half packed is packed anew after the next start. */
  close(): Promise<void>;
}

interface PackerOptions {
  liveFile: string;
  options: () => Promise<Omit<PackOptions, "signal">>;
  log: Pick<Logger, "error">;
}

export function createPacker({ liveFile, options, log }: PackerOptions): Packer {
  const stop = new AbortController();
  let working = Promise.resolve();

  async function packAll(): Promise<void> {
    for (const file of siblingsOf(liveFile).rotated) {
      if (file.packed || stop.signal.aborted) {
        continue;
      }
      try {
        await packFile(file, { ...(await options()), signal: stop.signal });
      } catch (error) {
        if (!stop.signal.aborted) {
          log.error(
            { file: file.path, reason: messageOf(error) },
            "audit: a rotated file cannot be packed; it stays as it is",
          );
        }
      }
    }
  }

  return {
    wake() {
      working = working.then(packAll);
    },
    idle: () => working,
    async close() {
      stop.abort();
      await working;
    },
  };
}
