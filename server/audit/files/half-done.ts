/** What a crash can leave beside a live file. */
import { statSync, unlinkSync } from "node:fs";
import { siblingsOf } from "#server/audit/files/names.ts";

/** Removes drafts, rotated files whose archive is finished, and second names of the live file. No row stands in them alone. */
export function clearHalfDone(liveFile: string): void {
  const { drafts, superseded, rotated, aside } = siblingsOf(liveFile);
  const live = statSync(liveFile, { throwIfNoEntry: false })?.ino;
  const secondNames = [...rotated.map(({ path }) => path), ...aside].filter((path) => statSync(path).ino === live);
  [...drafts, ...superseded, ...secondNames].forEach((file) => unlinkSync(file));
}
