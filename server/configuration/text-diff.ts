/** Two texts line by line. Pure and bounded: where texts differ too much the whole middle counts as replaced. */
import type { Diff, DiffLine } from "#server/configuration/schema.ts";

const CONTEXT = 3;
/** Comparisons of one line with another; more would take noticeable time and memory. */
const MAX_CELLS = 4_000_000;

export function diffTexts(before: string, after: string): Diff {
  const lines = diffLines(linesOf(before), linesOf(after));
  return {
    hunks: hunksOf(lines),
    added: lines.filter(({ kind }) => kind === "added").length,
    removed: lines.filter(({ kind }) => kind === "removed").length,
  };
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/));

function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) {
    start += 1;
  }
  let tail = 0;
  while (
    tail < before.length - start &&
    tail < after.length - start &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  const result: DiffLine[] = [];
  let [old, now] = [0, 0];
  const push = (kind: DiffLine["kind"]): void => {
    const text = (kind === "added" ? after[now] : before[old]) ?? "";
    result.push({ kind, before: kind === "added" ? null : old + 1, after: kind === "removed" ? null : now + 1, text });
    old += kind === "added" ? 0 : 1;
    now += kind === "removed" ? 0 : 1;
  };
  while (old < start) {
    push("same");
  }
  middle(before.slice(start, before.length - tail), after.slice(start, after.length - tail)).forEach(push);
  while (old < before.length) {
    push("same");
  }
  return result;
}

/** The longest common subsequence says what stays. */
function middle(before: readonly string[], after: readonly string[]): DiffLine["kind"][] {
  const [rows, columns] = [before.length, after.length];
  if (rows * columns > MAX_CELLS) {
    return [...before.map(() => "removed" as const), ...after.map(() => "added" as const)];
  }
  const width = columns + 1;
  const common = new Uint16Array((rows + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const kinds: DiffLine["kind"][] = [];
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    if (row < rows && column < columns && before[row] === after[column]) {
      kinds.push("same");
      row += 1;
      column += 1;
    } else if (row < rows && (column === columns || at(row + 1, column) >= at(row, column + 1))) {
      kinds.push("removed");
      row += 1;
    } else {
      kinds.push("added");
      column += 1;
    }
  }
  return kinds;
}

function hunksOf(lines: readonly DiffLine[]): DiffLine[][] {
  const hunks: DiffLine[][] = [];
  let open: DiffLine[] | null = null;
  let until = -1;
  for (const [index, line] of lines.entries()) {
    if (line.kind !== "same") {
      if (open === null) {
        open = lines.slice(Math.max(0, index - CONTEXT), index);
        hunks.push(open);
      }
      until = index + CONTEXT;
    }
    if (open !== null && index <= until) {
      open.push(line);
    } else {
      open = null;
    }
  }
  return hunks;
}
