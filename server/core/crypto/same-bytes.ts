import { timingSafeEqual } from "node:crypto";

/** Constant-time equality of two digests; different lengths are simply unequal instead of an exception. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
