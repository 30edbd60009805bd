/** What becomes of each key file. Pure. */
import { z } from "zod";

export type KeyAction = "new" | "replace" | "same" | "keep" | "skip";

interface KeyFacts {
  /** Files of the backup. */
  backup: ReadonlyMap<string, Buffer>;
  /** Files of the home. */
  home: ReadonlyMap<string, Buffer>;
  /** The record comes back with its rows. */
  withData: boolean;
  /** The home has a database. */
  hasDatabase: boolean;
}

interface KeyPlan {
  name: string;
  action: KeyAction;
  /** For people; null where the action says it all. */
  why: string | null;
}

export const KEYRING_NAME = "keyring.json";
const OWNER_KEY_NAME = "database-owner.key";

/** `replace` is for a stopped gateway only; the caller refuses it on one that runs. */
export function planKeys(facts: KeyFacts): KeyPlan[] {
  return [...facts.backup].map(([name, content]) => ({ name, ...planKey(name, content, facts) }));
}

function planKey(name: string, content: Buffer, { home, withData, hasDatabase }: KeyFacts): Omit<KeyPlan, "name"> {
  const present = home.get(name);
  const ofRecord = name.startsWith("audit-");
  if (present === undefined) {
    return ofRecord && !withData && !hasDatabase
      ? { action: "skip", why: "belongs to the record of the backup, which is not restored; a new record begins" }
      : { action: "new", why: null };
  }
  if (present.equals(content)) {
    return { action: "same", why: null };
  }
  if (ofRecord && !withData) {
    return { action: "keep", why: "belongs to the record of this home" };
  }
  if (name === OWNER_KEY_NAME && hasDatabase) {
    return { action: "keep", why: "belongs to the database of this home" };
  }
  if (name === KEYRING_NAME && holdsAll(present, content)) {
    return { action: "keep", why: "holds every key of the backup already" };
  }
  return { action: "replace", why: "what was sealed or made with the present one no longer works" };
}

const KeyIds = z.object({ keys: z.array(z.object({ id: z.string(), wrapped: z.string() })) });

/** True when every data key of `backup` is in `present`, wrapped alike: the same keyring, perhaps with newer keys or another master secret. */
function holdsAll(present: Buffer, backup: Buffer): boolean {
  const [mine, theirs] = [idsIn(present), idsIn(backup)];
  return mine !== null && theirs !== null && [...theirs].every((id) => mine.has(id));
}

function idsIn(content: Buffer): Set<string> | null {
  try {
    const { keys } = KeyIds.parse(JSON.parse(content.toString("utf8")));
    return new Set(keys.map(({ id, wrapped }) => `${id} ${wrapped}`));
  } catch {
    return null;
  }
}
