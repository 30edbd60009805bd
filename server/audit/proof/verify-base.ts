/** What stands for the rows that were removed: the removals follow one another without a gap, each signed by the record's key. Pure. */
import type { StoredNote } from "#server/audit/proof/checkpoint-store.ts";
import { readRemoval, type Removal } from "#server/audit/proof/removal.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { Unsound } from "#server/audit/proof/verify.ts";

/** The newest removal, or null when nothing was removed. @throws Unsound */
export function readBase(removals: readonly StoredNote[], key: NoteKey): Removal | null {
  let last: Removal | null = null;
  for (const { seq, note } of removals) {
    const removal = readRemoval(note, key);
    const from: number = (last?.to ?? 0) + 1;
    if (typeof removal === "string" || removal.from !== from || removal.to !== seq || removal.to < from) {
      throw new Unsound({ seq: from, upTo: seq, kind: "removal" });
    }
    last = removal;
  }
  return last;
}
