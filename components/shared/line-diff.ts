/** Which lines of two texts differ. Pure. */

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
  /** Line number in the old and new text, from 1; null where the line is not. */
  before: number | null;
  after: number | null;
}

/** Longest common subsequence of lines: quadratic in the part that changed, which is short in what the console compares. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start += 1;
  }
  let tail = 0;
  while (tail < old.length - start && tail < now.length - start && old.at(-1 - tail) === now.at(-1 - tail)) {
    tail += 1;
  }
  const oldMiddle = old.slice(start, old.length - tail);
  const nowMiddle = now.slice(start, now.length - tail);
  const kinds = [
    ...Array<DiffLine["kind"]>(start).fill("same"),
    ...middleKinds(oldMiddle, nowMiddle),
    ...Array<DiffLine["kind"]>(tail).fill("same"),
  ];
  return numbered(kinds, old, now);
}

function middleKinds(old: readonly string[], now: readonly string[]): DiffLine["kind"][] {
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        old[i] === now[j]
          ? 1 + (common[(i + 1) * width + j + 1] ?? 0)
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const kinds: DiffLine["kind"][] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      kinds.push("same");
      i += 1;
      j += 1;
    } else if (
      i < old.length &&
      (j === now.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      kinds.push("removed");
      i += 1;
    } else {
      kinds.push("added");
      j += 1;
    }
  }
  return kinds;
}

function numbered(kinds: readonly DiffLine["kind"][], old: readonly string[], now: readonly string[]): DiffLine[] {
  let before = 0;
  let after = 0;
  return kinds.map((kind) => {
    before += kind === "added" ? 0 : 1;
    after += kind === "removed" ? 0 : 1;
    const text = (kind === "removed" ? old[before - 1] : now[after - 1]) ?? "";
    return { kind, text, before: kind === "added" ? null : before, after: kind === "removed" ? null : after };
  });
}

/** Only the changes and `context` lines around them; null stands for lines left out. */
export function withContext(lines: readonly DiffLine[], context = 3): (DiffLine | null)[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ kind }) => kind !== "same"),
  );
  return lines.flatMap((line, index) => {
    if (near[index] === true) {
      return [line];
    }
    return index === 0 || near[index - 1] === true ? [null] : [];
  });
}
