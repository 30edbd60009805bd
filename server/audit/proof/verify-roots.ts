/**
 * What vouches for the record's tree: the checkpoints in the database and their copies in a file, each with its signature, and roots that are
 * trusted for other reasons. A note that is not this record's own, one that differs from its copy, and one that is only left in the file
 * are found here; whether the rows lead to the roots, the caller looks at. Pure.
 */
import { claimedSize, readCheckpoint } from "#server/audit/proof/checkpoint.ts";
import type { StoredNote } from "#server/audit/proof/checkpoint-store.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { Unsound, type TrustedRoot } from "#server/audit/proof/verify.ts";

interface RootSources {
  key: NoteKey;
  /** By growing `seq`. */
  stored: AsyncIterable<StoredNote>;
  /** Copies, in the order in which they were written. Missing ones are no harm: the file may be younger. */
  copies: AsyncIterable<string>;
  /** Further roots. */
  others?: readonly TrustedRoot[] | undefined;
}

/** All roots by growing size. @throws Unsound on the way, where a note is not what it should be. */
export async function* trustedRoots(sources: RootSources): AsyncGenerator<TrustedRoot, void, void> {
  const others = (sources.others ?? []).toSorted((a, b) => a.size - b.size);
  for await (const root of signedRoots(sources)) {
    while (others[0] !== undefined && others[0].size <= root.size) {
      yield others.shift() ?? root;
    }
    yield root;
  }
  yield* others;
}

async function* signedRoots({ key, stored, copies }: RootSources): AsyncGenerator<TrustedRoot, void, void> {
  const copied = copies[Symbol.asyncIterator]();
  try {
    let copy = await copied.next();
    for await (const { seq, note } of stored) {
      const root = readCheckpoint(note, key);
      if (typeof root === "string" || root.size !== seq) {
        throw new Unsound({ seq, kind: "checkpoint" });
      }
      if (copy.done !== true) {
        const size = claimedSize(copy.value);
        if (size === null || size < seq || (size === seq && copy.value !== note)) {
          throw new Unsound({ seq: size ?? seq, kind: "checkpoint" });
        }
        copy = size === seq ? await copied.next() : copy;
      }
      yield root;
    }
    for (; copy.done !== true; copy = await copied.next()) {
      const root = readCheckpoint(copy.value, key);
      if (typeof root === "string") {
        throw new Unsound({ seq: claimedSize(copy.value) ?? 0, kind: "checkpoint" });
      }
      // Rows that are gone as well are the worse news: they are found out before anything more is asked for.
      yield root;
      throw new Unsound({ seq: root.size, kind: "checkpoint" });
    }
  } finally {
    await copied.return?.();
  }
}

/** Notes outside of the database, in the form they have there. */
export async function* storedNotes(
  notes: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<StoredNote, void, void> {
  for await (const note of notes) {
    yield { seq: claimedSize(note) ?? 0, note };
  }
}

export async function* noNotes(): AsyncGenerator<string, void, void> {}
