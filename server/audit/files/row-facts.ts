/** Number and time of a row, as the files go by them. */
import { z } from "zod";
import type { ChainRow } from "#server/audit/chain.ts";
import type { RowFacts } from "#server/audit/files/live-file.ts";

const Line = z.object({ seq: z.number().int().positive(), at: z.string() });

/** A time that is none, or one that is still to come, counts as now: nobody can date a row so that its file stays for ever. */
export function factsOfRow({ seq, at }: Pick<ChainRow, "seq" | "at">): RowFacts {
  const now = Date.now();
  const atMs = Date.parse(at);
  return { seq, atMs: atMs <= now ? atMs : now };
}

/** Of a plain line; null when it is not one. */
export function factsOfLine(line: string): RowFacts | null {
  try {
    const parsed = Line.safeParse(JSON.parse(line));
    return parsed.success ? factsOfRow(parsed.data) : null;
  } catch {
    return null;
  }
}
