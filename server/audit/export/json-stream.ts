/** The JSON form of an export, piece by piece. Every row of the record is read: those that are left out are needed for the tree. */
import type { SealedRow } from "#server/audit/chain.ts";
import { closeJson, omittedJson, openJson } from "#server/audit/export/json.ts";
import { matcherOf } from "#server/audit/export/matches.ts";
import { leaveOut, omissionOf, startOmission, type Omission } from "#server/audit/export/omission.ts";
import type { ExportChunk, ExportOrder } from "#server/audit/export/schema.ts";
import { missingRow, type ExportSource, type Vouched } from "#server/audit/export/source.ts";
import { leafHash } from "#server/audit/proof/merkle.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";

/** @param after the last row that an existing beginning speaks of; null to begin. @throws AppError("CONFLICT") when a row is missing. */
export async function* jsonChunks(
  { pool }: ExportSource,
  order: ExportOrder,
  vouched: Vouched,
  after: number | null,
): AsyncGenerator<ExportChunk, void, void> {
  const writer = createWriter(order, vouched, after);
  const lastRow = Math.max(order.range.to, vouched.covered);
  if (writer.row() < lastRow) {
    for await (const batch of readSealed(pool, writer.row())) {
      const wanted = batch.slice(0, lastRow - writer.row());
      wanted.forEach((sealed) => writer.add(sealed));
      yield { ...writer.take(), row: writer.row(), lastRow };
      if (writer.row() === lastRow) {
        break;
      }
    }
  }
  if (writer.row() < lastRow) {
    throw missingRow(writer.row() + 1);
  }
  writer.end();
  yield { ...writer.take(), row: lastRow, lastRow };
}

function createWriter(order: ExportOrder, { proof, covered, removal }: Vouched, after: number | null) {
  const { range, search } = order;
  const matches = matcherOf(search);
  const isWanted = ({ row }: SealedRow): boolean => row.seq >= range.from && row.seq <= range.to && matches(row);
  let omission = firstOmission(removal, after ?? 0);
  let row = omission.to;
  let text = after === null ? `${openJson(order)}\n` : "";
  let records = 0;
  /** Held back: only the last element has no comma behind it. */
  let pending: string | null = null;

  function emit(element: string): void {
    text += pending === null ? "" : `${pending},\n`;
    pending = element;
  }

  function flush(): void {
    if (omission.subtrees.length > 0) {
      emit(omittedJson(omission));
    }
    omission = startOmission(row + 1);
  }

  /** Trees are compared where the checkpoint and the range end: what is left out may not reach over that. */
  function flushAtEnd(): void {
    if (row === range.to || (row === covered && row < range.to)) {
      flush();
    }
  }

  flushAtEnd();
  return {
    row: (): number => row,
    add(sealed: SealedRow): void {
      if (sealed.row.seq !== row + 1) {
        throw missingRow(row + 1);
      }
      row += 1;
      const line = mirrorLine(sealed);
      if (isWanted(sealed)) {
        flush();
        emit(line);
        records += 1;
      } else {
        leaveOut(omission, leafHash(line));
      }
      flushAtEnd();
    },
    end(): void {
      text += `${pending === null ? "" : `${pending}\n`}${closeJson(proof, omission.subtrees)}\n`;
    },
    take(): { text: string; records: number } {
      const taken = { text, records };
      [text, records] = ["", 0];
      return taken;
    },
  };
}

/** What stands for the rows before the first one that is read. */
function firstOmission(removal: Vouched["removal"], after: number): Omission {
  return removal !== null && after < removal.to ? omissionOf(removal.range) : startOmission(after + 1);
}
