/** One digest for the rows of a table in whatever order they are read: the sum of their SHA-256 hashes modulo 2^256. Pure. */
import { hash } from "node:crypto";

const MODULUS = 1n << 256n;

interface RowDigest {
  add(line: string): void;
  count(): number;
  /** Hexadecimal. */
  digest(): string;
}

/** Tells whether two tables hold the same rows. It proves nothing against somebody who chooses the rows; the archive's tags do that. */
export function createRowDigest(): RowDigest {
  let sum = 0n;
  let count = 0;
  return {
    add(line) {
      sum = (sum + BigInt(`0x${hash("sha256", line)}`)) % MODULUS;
      count += 1;
    },
    count: () => count,
    digest: () => sum.toString(16).padStart(64, "0"),
  };
}
