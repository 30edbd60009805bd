/**
 * The sealer's key files, mode 0600 in the home's keys folder.
 *   audit-verify.json  the first key: verifies the whole chain, and could forge it, so it belongs on another machine
 *   audit-sealer.json  the current position and key, which cannot reproduce any earlier hash, and the Merkle tree's compact range
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ChainState } from "#server/audit/chain.ts";
import { isRange, type Range } from "#server/audit/proof/merkle.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

const Hex32 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Buffer.from(hex, "hex"));
const Position = z.object({ seq: z.number().int().min(0), hash: Hex32, key: Hex32 });
const StateFile = z.discriminatedUnion("version", [
  Position.extend({ version: z.literal(1) }),
  Position.extend({ version: z.literal(2), roots: z.array(Hex32) }).refine(({ seq, roots }) =>
    isRange({ size: seq, roots }),
  ),
]);
const VerifyFile = z.object({ version: z.literal(1), firstKey: Hex32 });

const stateFile = (keysDir: string): string => join(keysDir, "audit-sealer.json");

export function verifyKeyFile(keysDir: string): string {
  return join(keysDir, "audit-verify.json");
}

/** Where the sealer stands. */
export interface SealerState extends ChainState {
  /** Over all rows up to `seq`. Never changed, only replaced. */
  range: Range;
}

/** As stored. `range` is null in files of versions that kept no tree. */
export type StoredState = ChainState & { range: Range | null };

/** Position and key for the next row, or null when the file does not exist. @throws AppError("AUDIT_UNAVAILABLE") when it is damaged. */
export function readSealerState(keysDir: string): StoredState | null {
  const file = readKeyFile(stateFile(keysDir), StateFile);
  if (file === null) {
    return null;
  }
  const { seq, hash, key } = file;
  return { seq, hash, key, range: file.version === 2 ? { size: seq, roots: file.roots } : null };
}

export function writeSealerState(keysDir: string, { seq, hash, key, range }: SealerState): void {
  const hex = (bytes: Buffer): string => bytes.toString("hex");
  const content = { version: 2, seq, hash: hex(hash), key: hex(key), roots: range.roots.map(hex) };
  writeFileAtomic(stateFile(keysDir), `${JSON.stringify(content)}\n`, 0o600);
}

/** The key that verifies from row 1, or null when it is kept elsewhere. @throws AppError("AUDIT_UNAVAILABLE") when the file is damaged. */
export function readFirstKey(file: string): Buffer | null {
  return readKeyFile(file, VerifyFile)?.firstKey ?? null;
}

export function createFirstKey(keysDir: string): Buffer {
  const firstKey = randomBytes(32);
  const content = {
    version: 1,
    note: "Verifies the audit record from its first row. Move this file to another machine: who holds it can forge the record.",
    firstKey: firstKey.toString("hex"),
  };
  writeFileAtomic(verifyKeyFile(keysDir), `${JSON.stringify(content, null, 2)}\n`, 0o600);
  return firstKey;
}

/** The content of a key file, or null when there is none. @throws AppError("AUDIT_UNAVAILABLE") that quotes nothing of it. */
export function readKeyFile<T>(file: string, schema: z.ZodType<T>): T | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `The audit key file ${file} cannot be read. Check its owner and mode (0600).`,
      { cause: error },
    );
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The parser's message could quote the key.
    throw new AppError("AUDIT_UNAVAILABLE", `The audit key file ${file} is damaged. Restore it from a backup.`);
  }
}
