/** What a check is: pure, over facts that were gathered before. */
import { formatPath } from "#server/config/index.ts";
import type { ScanArea, ScanSeverity } from "#server/scan/policy.ts";
import { shellWord } from "#server/scan/shown.ts";
import type { ConfigPath, SourceName, Sources } from "#server/scan/facts/sources.ts";

/** What a check found, before it is placed in a file and made fit to show. */
export interface Hit {
  subject: string;
  evidence: string;
  /** One sentence. */
  fix: string;
  command?: string | undefined;
  /** Where it comes from in the configuration. */
  path?: ConfigPath;
  /** The same where the place is known already. */
  placed?: { path: string; line: number; column: number };
  /** The file it is about, when that is not the configuration. */
  file?: string;
  /** Instead of the check's own. */
  severity?: ScanSeverity;
  fixable?: boolean;
}

export interface Check {
  /** Stable; never reused for another meaning. */
  id: string;
  area: ScanArea;
  severity: ScanSeverity;
  title: string;
  why: string;
  /** Facts without which it does not run. */
  needs: readonly SourceName[];
  run(facts: Sources, at: Date): readonly Hit[];
}

type Draft<Needed extends SourceName> = Omit<Check, "area" | "needs" | "run"> & {
  run(facts: Pick<Sources, Needed>, at: Date): readonly Hit[];
};

/** Checks of one area that need the same facts. */
export function checksOf<Needed extends SourceName>(
  area: ScanArea,
  needs: readonly Needed[],
  drafts: readonly Draft<Needed>[],
): Check[] {
  return drafts.map((draft) => ({ ...draft, area, needs }));
}

export const DAY_MS = 86_400_000;
export const daysBetween = (earlier: Date, later: Date): number =>
  Math.floor((later.getTime() - earlier.getTime()) / DAY_MS);

/** A finding at a key of the configuration. */
export function atKey(
  path: ConfigPath,
  evidence: string,
  fix: string,
  more: { command?: string; severity?: ScanSeverity } = {},
): Hit {
  return { subject: formatPath(path), path, evidence, fix, ...more };
}

/** The command that writes a key; the value in JSON5 where it is no plain word. */
export const setKey = (path: ConfigPath, value: string): string =>
  `openclaw config set ${shellWord(formatPath(path))} ${shellWord(value)}`;
