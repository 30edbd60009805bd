/**
 * JSON in one and only one spelling (RFC 8785): keys sorted by UTF-16 units, no spaces, JavaScript's number and string forms.
 * What is hashed must not depend on the order in which a program or a database happens to keep keys.
 * Threat: PostgreSQL accepts nests some thousand levels deep, more than a recursive writer has stack for. A planted row must not stop the
 * sealer or a reader, so the open levels are kept in a list.
 */

/** Text to write, or a value still to be written. */
type Piece = string | { value: unknown };

/** Members that are undefined are left out, as JSON.stringify does. */
export function canonicalJson(value: unknown): string {
  let text = "";
  const pieces: Piece[] = [{ value }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    if (typeof piece === "string") {
      text += piece;
    } else if (typeof piece.value !== "object" || piece.value === null) {
      text += JSON.stringify(piece.value);
    } else {
      pieces.push(...(Array.isArray(piece.value) ? arrayPieces(piece.value) : objectPieces(piece.value)));
    }
  }
  return text;
}

/** In reverse, so that the first is popped first. */
function arrayPieces(list: readonly unknown[]): Piece[] {
  const inside = list.flatMap((value, index): Piece[] => (index === 0 ? [{ value }] : [",", { value }]));
  return ["[", ...inside, "]"].reverse();
}

function objectPieces(object: object): Piece[] {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  const inside = members.flatMap(([key, value], index): Piece[] => [
    `${index === 0 ? "" : ","}${JSON.stringify(key)}:`,
    { value: value as unknown },
  ]);
  return ["{", ...inside, "}"].reverse();
}
