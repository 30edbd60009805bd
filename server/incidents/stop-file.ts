/**
 * The red button for when not even the database runs: a file in the home that every server on it honours, and takes over into the database
 * as soon as it can. That it is there is enough: whatever it holds, it stops.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { type Lock, DEFAULT_MESSAGE } from "#server/incidents/policy.ts";
import { StopEverything } from "#server/incidents/schema.ts";

type Home = Pick<HomePaths, "home">;

const Stored = z.object({ message: z.string(), reason: z.string(), at: z.coerce.date() });

const stopFile = ({ home }: Home): string => join(home, "stop-everything.json");

/** @returns its path */
export function writeStopFile(home: Home, { message, reason }: { message: string; reason: string }, at: Date): string {
  const file = stopFile(home);
  writeFileAtomic(file, `${JSON.stringify({ message, reason, at })}\n`, 0o600);
  return file;
}

/** What the file asks for; null = it is not there. One that cannot be read stops with the usual words. */
export function readStopFile(home: Home): z.output<typeof StopEverything> | null {
  const file = stopFile(home);
  if (!existsSync(file)) {
    return null;
  }
  const fallback = { message: DEFAULT_MESSAGE, reason: "a stop file that could not be read" };
  const stored = parsed(file) ?? fallback;
  return StopEverything.safeParse(stored).data ?? StopEverything.parse(fallback);
}

/** As a lock, until the database holds one. */
export function stopFileLock(home: Home): Lock | null {
  const asked = readStopFile(home);
  return asked === null
    ? null
    : {
        id: "stop-file",
        kind: "everything",
        target: "",
        message: asked.message,
        drill: false,
        setAt: new Date(0),
        expiresAtMs: null,
      };
}

/** @returns whether it was there */
export function removeStopFile(home: Home): boolean {
  const file = stopFile(home);
  const isThere = existsSync(file);
  rmSync(file, { force: true });
  return isThere;
}

function parsed(file: string): { message: string; reason: string } | null {
  try {
    const { message, reason } = Stored.parse(JSON.parse(readFileSync(file, "utf8")));
    return { message, reason };
  } catch {
    return null;
  }
}
