/**
 * Which subjects get buckets of their own. Threat: an attacker with many addresses, or a caller who names ever new channels, must not be able to
 * make the table grow: the subjects of one kind that do not find room in a bucket any more are counted together. Totals are not touched.
 * Pure: what is taken already is handed in.
 */
import { add, type Increment } from "#server/metrics/recorded/from-events.ts";
import { BUCKET_SECONDS, OTHER, subjectOf, type BucketSeconds } from "#server/metrics/schema.ts";

/** Subjects of one kind with a bucket of their own, for each metric and bucket. Strangers can make up addresses and channels, nothing else. */
const ROOM: Readonly<Record<string, number>> = { address: 100, channel: 100 };
const ROOM_OF_KNOWN = 1_000;
/** Buckets whose subjects are remembered: those of several minutes, and what comes late. */
const MAX_REMEMBERED = 256;

/** All buckets of one width that begin at one time. */
export interface Slot {
  seconds: BucketSeconds;
  atMs: number;
}

export type PlacedIncrement = Increment & { seconds: BucketSeconds };

export interface SubjectRoom {
  /** The slots among those of `increments` whose subjects are not known yet. */
  unknown(increments: readonly Increment[]): Slot[];
  /** Says which subjects a slot has already, as `<metric>\n<subject>`. */
  learn(slot: Slot, taken: Iterable<string>): void;
  /** Minute increments for every width, in the order of their keys. All their slots have to be known. */
  place(increments: readonly Increment[]): PlacedIncrement[];
}

const slotKey = ({ seconds, atMs }: Slot): string => `${seconds}\n${atMs}`;
const slotOf = (seconds: BucketSeconds, atMs: number): Slot => ({
  seconds,
  atMs: Math.floor(atMs / (seconds * 1000)) * seconds * 1000,
});
const kindOf = (subject: string): string => subject.slice(0, subject.indexOf(":"));

export function createSubjectRoom(): SubjectRoom {
  /** Per slot the subjects of each `<metric>\n<kind>`. */
  const slots = new Map<string, Map<string, Set<string>>>();

  function note(taken: Map<string, Set<string>>, metric: string, subject: string): Set<string> {
    const key = `${metric}\n${kindOf(subject)}`;
    const found = taken.get(key) ?? new Set<string>();
    taken.set(key, found);
    return found;
  }

  /** The subject to count under. */
  function seat(taken: Map<string, Set<string>>, { metric, subject }: Increment): string {
    if (subject === "") {
      return subject;
    }
    const kind = kindOf(subject);
    const found = note(taken, metric, subject);
    if (!found.has(subject)) {
      if (found.size >= (ROOM[kind] ?? ROOM_OF_KNOWN)) {
        return subjectOf(OTHER, kind);
      }
      found.add(subject);
    }
    return subject;
  }

  return {
    unknown(increments) {
      const missing = new Map<string, Slot>();
      for (const seconds of BUCKET_SECONDS) {
        for (const { atMs } of increments) {
          const slot = slotOf(seconds, atMs);
          const key = slotKey(slot);
          if (!slots.has(key)) {
            missing.set(key, slot);
          }
        }
      }
      return [...missing.values()];
    },
    learn(slot, taken) {
      const known = new Map<string, Set<string>>();
      for (const entry of taken) {
        const [metric = "", subject = ""] = entry.split("\n", 2);
        note(known, metric, subject).add(subject);
      }
      slots.set(slotKey(slot), known);
    },
    place(increments) {
      // Where room is short, those with the most get it.
      const ranked = [...increments].sort((a, b) => b.count - a.count);
      const placed = BUCKET_SECONDS.flatMap((seconds) => {
        const sums = new Map<string, Increment>();
        for (const increment of ranked) {
          const slot = slotOf(seconds, increment.atMs);
          const taken = slots.get(slotKey(slot));
          if (taken !== undefined) {
            add(sums, { ...increment, atMs: slot.atMs, subject: seat(taken, increment) });
          }
        }
        return [...sums.values()].map((sum) => ({ ...sum, seconds }));
      });
      for (const oldest of slots.keys()) {
        if (slots.size <= MAX_REMEMBERED) {
          break;
        }
        slots.delete(oldest);
      }
      return placed.sort(byKey);
    },
  };
}

function byKey(a: PlacedIncrement, b: PlacedIncrement): number {
  return compare(a.metric, b.metric) || compare(a.subject, b.subject) || a.seconds - b.seconds || a.atMs - b.atMs;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
