/**
 * The security log: the grave ones of the record's security events in a file of their own, as the plain lines of the record, for programs
 * that ship and watch logs. Events hold no secrets, so it is not encrypted.
 * It is written before the record's own file: what that file holds needs not be looked for here, and what it lacks after a crash is
 * appended to both.
 */
import type { SealedRow } from "#server/audit/chain.ts";
import { openLiveFile } from "#server/audit/files/live-file.ts";
import { siblingsOf } from "#server/audit/files/names.ts";
import { removeExpired, spanOf, type ExpiredFile } from "#server/audit/files/retention.ts";
import { factsOfLine, factsOfRow } from "#server/audit/files/row-facts.ts";
import { mirrorLine } from "#server/audit/mirror.ts";

export interface SecurityLogSettings {
  /** Kinds that are written. */
  kinds: readonly string[];
  /** Severities that are written. */
  severities: readonly string[];
  /** Size from which the file is rotated. */
  maxFileBytes: number;
  /** Permission bits of all files. */
  mode: number;
  /** Age of its newest row at which a rotated file is removed, in milliseconds. */
  retentionMs: number;
}

export interface SecurityLog {
  /** Appends those of `rows` that belong here and are not here yet. Durable when it resolves. */
  append(rows: readonly SealedRow[]): Promise<void>;
  /** As the mirror's. */
  tidy(now: Date, record: (files: readonly ExpiredFile[]) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function openSecurityLog(file: string, settings: () => SecurityLogSettings): Promise<SecurityLog> {
  const live = await openLiveFile(file, {
    mode: () => settings().mode,
    factsOf: (line) => Promise.resolve(factsOfLine(line)),
  });
  let newestSeq = live.newest?.seq ?? siblingsOf(file).rotated.at(-1)?.lastSeq ?? 0;
  return {
    async append(rows) {
      const { kinds, severities, maxFileBytes } = settings();
      const chosen = rows.filter(
        ({ row }) => row.seq > newestSeq && kinds.includes(row.kind) && severities.includes(row.severity),
      );
      const [first, last] = [chosen[0], chosen.at(-1)];
      if (first === undefined || last === undefined) {
        return;
      }
      await live.append(chosen.map(mirrorLine), { first: factsOfRow(first.row), last: factsOfRow(last.row) });
      newestSeq = last.row.seq;
      if (live.bytes >= maxFileBytes) {
        await live.rotate();
      }
    },
    async tidy(now, record) {
      const { retentionMs } = settings();
      if (live.oldest !== null && live.oldest.atMs < now.getTime() - spanOf(retentionMs)) {
        await live.rotate();
      }
      await removeExpired(file, retentionMs, now, record);
    },
    close: () => live.close(),
  };
}
