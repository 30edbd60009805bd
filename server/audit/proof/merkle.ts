/**
 * The Merkle tree over the record (RFC 9162 § 2.1): leaves are hashes of the record's lines in order of seq, leaf 0 is row 1. Pure.
 * A `Range` holds the roots of the largest complete subtrees, left to right, that cover the first `size` leaves; with it a tree of any size
 * is continued without its leaves. Rows that were removed or left out are stood for by such subtree roots.
 */
import { hash } from "node:crypto";

const HASH_BYTES = 32;

/** Mutable: `append` and `appendSubtree` change it. */
export interface Range {
  size: number;
  /** As many as there are ones in the binary form of `size`. */
  roots: Buffer[];
}

/** A complete subtree of 2^level leaves. */
export interface Subtree {
  level: number;
  root: Buffer;
}

export const emptyRange = (): Range => ({ size: 0, roots: [] });
export const copyRange = ({ size, roots }: Range): Range => ({ size, roots: [...roots] });

/** SHA-256 of 0x00 ‖ line. */
export function leafHash(line: string): Buffer {
  return hash("sha256", `\0${line}`, "buffer");
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** SHA-256 of 0x01 ‖ left ‖ right. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + HASH_BYTES);
  return hash("sha256", pair, "buffer");
}

export function append(range: Range, leaf: Buffer): void {
  appendSubtree(range, { level: 0, root: leaf });
}

/** @throws RangeError when a subtree of that size does not begin at this place. */
export function appendSubtree(range: Range, { level, root }: Subtree): void {
  const width = 2 ** level;
  if (level < 0 || !Number.isSafeInteger(range.size + width) || range.size % width !== 0) {
    throw new RangeError("a subtree has to begin at a multiple of its width");
  }
  let joined = root;
  for (let size = range.size / width; size % 2 === 1; size = (size - 1) / 2) {
    const left = range.roots.pop();
    if (left === undefined) {
      throw new RangeError("a range holds one root for each one in the binary form of its size");
    }
    joined = nodeHash(left, joined);
  }
  range.roots.push(joined);
  range.size += width;
}

/** Root of the tree over the leaves of `range`; SHA-256 of nothing for none. */
export function rootOf({ roots }: Range): Buffer {
  const last = roots.at(-1);
  if (last === undefined) {
    return hash("sha256", "", "buffer");
  }
  return roots.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The largest complete subtrees that cover leaves `from` to `to` (exclusive), left to right, as places: `[start, level]`. */
export function coverOf(from: number, to: number): [start: number, level: number][] {
  const cover: [number, number][] = [];
  for (let start = from; start < to;) {
    let level = 0;
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= to) {
      level += 1;
    }
    cover.push([start, level]);
    start += 2 ** level;
  }
  return cover;
}

/** True for a range whose roots can stand for `size` leaves. */
export function isRange({ size, roots }: Range): boolean {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
    ones += rest % 2;
  }
  return (
    Number.isSafeInteger(size) && size >= 0 && roots.length === ones && roots.every((r) => r.length === HASH_BYTES)
  );
}

/** The leaves `[start, end)` whose roots, in this order, prove that a tree of `newSize` leaves continues one of `oldSize` (RFC 9162 § 2.1.4). */
export function consistencyPlaces(oldSize: number, newSize: number): [start: number, end: number][] {
  return oldSize === 0 || oldSize >= newSize ? [] : subproof(oldSize, 0, newSize, true);
}

function subproof(old: number, start: number, size: number, complete: boolean): [number, number][] {
  if (old === size) {
    return complete ? [] : [[start, start + size]];
  }
  const half = 2 ** Math.ceil(Math.log2(size) - 1);
  return old <= half
    ? [...subproof(old, start, half, complete), [start + half, start + size]]
    : [...subproof(old - half, start + half, size - half, false), [start, start + half]];
}

/** Verifies a consistency proof (RFC 9162 § 2.1.4.2). */
export function isConsistent(
  older: { size: number; root: Buffer },
  newer: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (older.size > newer.size) {
    return false;
  }
  if (older.size === newer.size || older.size === 0) {
    return proof.length === 0 && (older.size === 0 || older.root.equals(newer.root));
  }
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  let oldIndex = older.size - 1;
  let newIndex = newer.size - 1;
  while (oldIndex % 2 === 1) {
    oldIndex = Math.floor(oldIndex / 2);
    newIndex = Math.floor(newIndex / 2);
  }
  const [first, ...rest] = path;
  if (first === undefined) {
    return false;
  }
  let oldRoot = first;
  let newRoot = first;
  for (const step of rest) {
    if (newIndex === 0) {
      return false;
    }
    if (oldIndex % 2 === 1 || oldIndex === newIndex) {
      oldRoot = nodeHash(step, oldRoot);
      newRoot = nodeHash(step, newRoot);
      while (oldIndex % 2 === 0 && oldIndex !== 0) {
        oldIndex = Math.floor(oldIndex / 2);
        newIndex = Math.floor(newIndex / 2);
      }
    } else {
      newRoot = nodeHash(newRoot, step);
    }
    oldIndex = Math.floor(oldIndex / 2);
    newIndex = Math.floor(newIndex / 2);
  }
  return newIndex === 0 && oldRoot.equals(older.root) && newRoot.equals(newer.root);
}

const isPowerOfTwo = (size: number): boolean => Number.isInteger(Math.log2(size));
