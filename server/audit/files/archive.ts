/** What a sealed archive of the record says about itself before it is opened; proven with its content. */
import { z } from "zod";
import type { DataKey } from "#server/core/crypto/aead.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";

const KIND = "openclaw audit log";
const Header = z.object({ kind: z.literal(KIND), keyId: z.string() });

interface ArchiveHeader {
  kind: string;
  firstSeq: number;
  lastSeq: number;
  /** Of the audit-log key that it is sealed with. */
  keyId: string;
}

export function archiveHeader(firstSeq: number, lastSeq: number, key: DataKey): ArchiveHeader {
  return { kind: KIND, firstSeq, lastSeq, keyId: key.id };
}

/** The key that opens the archive. @param name for messages. @throws AppError("CANNOT_DECRYPT") */
export function archiveKey(header: unknown, keyring: Keyring | null, name: string): DataKey {
  const parsed = Header.safeParse(header);
  if (!parsed.success) {
    throw new AppError("CANNOT_DECRYPT", `${name} is not an archive of the audit record.`);
  }
  if (keyring === null) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `${name} is encrypted. Reading it takes the keyring of the home it comes from.`,
    );
  }
  const key = keyring.find("audit-log", parsed.data.keyId);
  if (key === undefined) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `${name} was sealed with the audit-log key ${parsed.data.keyId}, which is not in the keyring. Restore keys/keyring.json from a backup.`,
    );
  }
  return key;
}
