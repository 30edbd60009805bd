/**
 * The sealer's key files, mode 0600 in the home's keys folder.
 *   audit-verify.json  the first key: verifies the whole chain, and could forge it, so it belongs on another machine
 *   audit-sealer.json  the current position and key: cannot reproduce any earlier hash
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ChainState } from "#server/audit/chain.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

const Hex32 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Buffer.from(hex, "hex"));
const StateFile = z.object({ version: z.literal(1), seq: z.number().int().min(0), hash: Hex32, key: Hex32 });
const VerifyFile = z.object({ version: z.literal(1), firstKey: Hex32 });

const stateFile = (keysDir: string): string => join(keysDir, "audit-sealer.json");

export function verifyKeyFile(keysDir: string): string {
  return join(keysDir, "audit-verify.json");
}

/** Position and key for the next row, or null when the file does not exist. @throws AppError("AUDIT_UNAVAILABLE") when it is damaged. */
export function readSealerState(keysDir: string): ChainState | null {
  return readKeyFile(stateFile(keysDir), StateFile);
}

export function writeSealerState(keysDir: string, state: ChainState): void {
  const content = { version: 1, seq: state.seq, hash: state.hash.toString("hex"), key: state.key.toString("hex") };
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

function readKeyFile<T>(file: string, schema: z.ZodType<T>): T | null {
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
