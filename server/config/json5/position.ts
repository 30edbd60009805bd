/** Offset in a text → line and column as editors count them. */
export interface Position {
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(text.startsWith("\u{feff}") ? 1 : 0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
