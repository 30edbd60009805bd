/**
 * Files into a home: each is written beside its place first; then all take their places, and what was there is kept under another name.
 * A failure at any point puts everything back.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

export interface StagedFiles {
  /** Writes a file that will stand at `path`; one that is there is kept as `<path>.before-restore-<stamp>`. */
  add(path: string, mode: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** All take their places. @returns the names under which older files are kept. @throws when one cannot: then none has. */
  swap(): string[];
  /** Undoes `swap`, and removes what was written. */
  undo(): void;
}

interface Staged {
  path: string;
  draft: string;
  /** Where the file is that stood there. */
  kept: string | null;
  swapped: boolean;
}

export function stageFiles(stamp: string): StagedFiles {
  const staged: Staged[] = [];

  function undo(): void {
    for (const { path, draft, kept, swapped } of staged.toReversed()) {
      if (swapped && kept !== null) {
        renameSync(kept, path);
      } else if (swapped) {
        rmSync(path, { force: true });
      } else if (kept !== null) {
        rmSync(kept, { force: true });
      }
      rmSync(draft, { force: true });
    }
    staged.length = 0;
  }

  return {
    async add(written, mode, content) {
      // Through a link, to the file that it names.
      const path = existsSync(written) ? realpathSync(written) : written;
      const draft = `${path}.restoring`;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rmSync(draft, { force: true });
      staged.push({ path, draft, kept: null, swapped: false });
      const handle = await open(draft, "wx", mode);
      try {
        await handle.chmod(mode);
        for await (const chunk of content) {
          await handle.write(chunk);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    swap() {
      try {
        for (const file of staged) {
          if (existsSync(file.path)) {
            const kept = `${file.path}.before-restore-${stamp}`;
            keepAs(file.path, kept);
            file.kept = kept;
          }
          renameSync(file.draft, file.path);
          file.swapped = true;
        }
      } catch (error) {
        undo();
        throw error;
      }
      return staged.flatMap(({ kept }) => kept ?? []);
    },
    undo,
  };
}

/** A second name for the file, so that its place is never empty. */
function keepAs(path: string, kept: string): void {
  try {
    linkSync(path, kept);
  } catch {
    copyFileSync(path, kept);
  }
}
