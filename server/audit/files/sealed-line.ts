/**
 * Lines of the record as they stand in an encrypted file, each sealed on its own so that a crash costs none but the one being written:
 *   {"seq":N,"key":"<id of the data key>","box":"<base64 of the sealed plain line>"}
 * Place and key are readable for finding one's way; both are bound to what is sealed.
 */
import { keyIdOf, openBytes, sealBytes, type DataKey } from "#server/core/crypto/aead.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";

const SEALED = /^\{"seq":([1-9]\d{0,15}),"key":"([0-9a-f]{12})","box":"([A-Za-z0-9+/]+={0,2})"\}$/;
/** How the canonical JSON of every row begins. */
const PLAIN_START = '{"actorId":';

const contextOf = (seq: string | number): string => `audit-log|${seq}`;

export const isPlainLine = (line: string): boolean => line.startsWith(PLAIN_START);

export function sealLine(key: DataKey, seq: number, plain: string): string {
  const box = sealBytes(key, Buffer.from(plain, "utf8"), contextOf(seq));
  return `{"seq":${seq},"key":"${key.id}","box":"${box.toString("base64")}"}`;
}

/**
 * The plain line of a line of either kind.
 * @param keyring null where there is none: only plain lines can be read then.
 * @param place for messages, such as "Line 7 of /home/…/audit.log"
 * @throws AppError("CANNOT_DECRYPT") for a line that was changed, moved, or sealed with an unknown key;
 * AppError("AUDIT_UNAVAILABLE") for one that is no line of the record.
 */
export function openLine(keyring: Keyring | null, line: string, place: string): string {
  if (isPlainLine(line)) {
    return line;
  }
  const [, seq, id, box] = SEALED.exec(line) ?? [];
  if (seq === undefined || id === undefined || box === undefined) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `${place} is not a line of the record: it was changed, or the file is another one.`,
    );
  }
  const sealed = Buffer.from(box, "base64");
  // Base64 can write the same bytes in more than one way; only ours is as it was written.
  if (keyIdOf(sealed) !== id || sealed.toString("base64") !== box) {
    throw new AppError("CANNOT_DECRYPT", `${place} was changed after it was sealed.`);
  }
  if (keyring === null) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `${place} is encrypted. Reading it takes the keyring of the home it comes from.`,
    );
  }
  const key = keyring.find("audit-log", id);
  if (key === undefined) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `${place} was sealed with the audit-log key ${id}, which is not in the keyring. Restore keys/keyring.json from a backup.`,
    );
  }
  const plain = openBytes(key, sealed, contextOf(seq));
  if (plain === null) {
    throw new AppError("CANNOT_DECRYPT", `${place} was changed or moved after it was sealed.`);
  }
  return plain.toString("utf8");
}
