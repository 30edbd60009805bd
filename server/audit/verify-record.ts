/** Verification of a home's record: the database's chain against the first key, and against the heads that key file and mirror remember. */
import type { ChainHead } from "#server/audit/chain.ts";
import type { Queryable } from "#server/audit/intake.ts";
import { readFirstKey, readSealerState, verifyKeyFile } from "#server/audit/key-files.ts";
import { headOfLine, readMirrorEnd } from "#server/audit/mirror.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";
import { verifyChain, type Verdict } from "#server/audit/verify.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

interface VerifyRecordOptions {
  db: Queryable;
  keysDir: string;
  mirrorFile: string;
  /** File with the first key, where it is kept outside of the home. */
  keyFile?: string | undefined;
}

/** @throws AppError("AUDIT_UNAVAILABLE") when the key is missing or a file cannot be read. */
export async function verifyRecord(options: VerifyRecordOptions): Promise<Verdict> {
  const keyFile = options.keyFile ?? verifyKeyFile(options.keysDir);
  const firstKey = readFirstKey(keyFile);
  if (firstKey === null) {
    throw new AppError("AUDIT_UNAVAILABLE", `There is no verification key at ${keyFile}. Name the file with --key.`);
  }
  // Read before the database: rows sealed meanwhile then only make the chain longer than known.
  const heads = [readSealerState(options.keysDir), await readMirrorHead(options.mirrorFile)];
  const known = heads.filter((head) => head !== null).toSorted((a, b) => b.seq - a.seq)[0];
  return verifyChain(readSealed(options.db), firstKey, known);
}

async function readMirrorHead(file: string): Promise<ChainHead | null> {
  let line: string | undefined;
  try {
    line = await readMirrorEnd(file);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw new AppError("AUDIT_UNAVAILABLE", `The audit file ${file} cannot be read. Check its owner and mode (0640).`, {
      cause: error,
    });
  }
  return line === undefined ? null : headOfLine(line);
}
