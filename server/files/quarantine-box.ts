/**
 * The encrypted files of the quarantine: AES-256-GCM (NIST SP 800-38D), a fresh 96-bit nonce and a 128-bit tag each.
 * Threat: content that is read, run or exchanged where it lies. What the database knows about a file is bound to it as associated data, so
 * neither the file nor its row can be swapped for another.
 * Layout: "OCQ1", 8 bytes that name the key, 12 bytes nonce, 16 bytes tag, content.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "#server/audit/index.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

export type QuarantinePaths = Pick<HomePaths, "quarantineDir" | "keysDir">;

/** What is known of a file and must not change. */
export interface QuarantineFacts {
  id: string;
  name: string;
  path: string | null;
  sizeBytes: bigint;
  sha256: Uint8Array;
  findings: unknown;
  runId: string | null;
  userId: string | null;
  channel: string | null;
  createdAt: Date;
}

const MAGIC = Buffer.from("OCQ1");
const CIPHER = "aes-256-gcm";
const KEY_NAME_BYTES = 8;
const NONCE_BYTES = 12;
const TAG = { authTagLength: 16 };
const HEADER_BYTES = MAGIC.length + KEY_NAME_BYTES + NONCE_BYTES + TAG.authTagLength;

export const boxFile = (paths: QuarantinePaths, id: string): string => join(paths.quarantineDir, `${id}.bin`);

/** Durable when it returns. */
export function storeBox(paths: QuarantinePaths, facts: QuarantineFacts, content: Uint8Array): void {
  const key = quarantineKey(paths);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, TAG).setAAD(boundFacts(facts));
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  mkdirSync(paths.quarantineDir, { recursive: true, mode: 0o700 });
  const box = Buffer.concat([MAGIC, keyName(key), nonce, cipher.getAuthTag(), sealed]);
  writeFileAtomic(boxFile(paths, facts.id), box, 0o600);
}

/**
 * The content, proven to be what was stored.
 * @throws AppError NOT_FOUND when the file is gone, CONFLICT when it was changed, cut, or made with another key.
 */
export function openBox(paths: QuarantinePaths, facts: QuarantineFacts): Buffer {
  const file = boxFile(paths, facts.id);
  const box = readBox(file);
  const key = quarantineKey(paths);
  const parts = [MAGIC.length, KEY_NAME_BYTES, NONCE_BYTES, TAG.authTagLength];
  let at = 0;
  const [magic, name, nonce, tag] = parts.map((length) => box.subarray(at, (at += length)));
  if (box.length < HEADER_BYTES || nonce === undefined || tag === undefined || !sameBytes(magic ?? box, MAGIC)) {
    throw damaged(file, "is cut or no quarantine file");
  }
  if (!sameBytes(name ?? box, keyName(key))) {
    throw damaged(file, `was made with another key than ${keyFile(paths)}; restore that key from a backup`);
  }
  let content: Buffer;
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, TAG).setAAD(boundFacts(facts)).setAuthTag(tag);
    content = Buffer.concat([decipher.update(box.subarray(HEADER_BYTES)), decipher.final()]);
  } catch (error) {
    throw damaged(file, "or what the database says about it was changed", error);
  }
  return content;
}

/** Gone already is fine. */
export function removeBox(paths: QuarantinePaths, id: string): void {
  rmSync(boxFile(paths, id), { force: true });
  rmSync(`${boxFile(paths, id)}.new`, { force: true });
}

export const sha256 = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest();

function readBox(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      throw new AppError("NOT_FOUND", `The quarantine file ${file} is gone. Restore it from a backup.`, {
        cause: error,
      });
    }
    throw error;
  }
}

const damaged = (file: string, why: string, cause?: unknown): AppError =>
  new AppError("CONFLICT", `The quarantine file ${file} ${why}. Nothing was restored.`, { cause });

const keyFile = (paths: QuarantinePaths): string => join(paths.keysDir, "quarantine-key");

const quarantineKey = (paths: QuarantinePaths): Buffer => readOrCreateSecret(keyFile(paths));

/** Tells keys apart and gives nothing away about them. */
const keyName = (key: Buffer): Buffer =>
  createHash("sha256").update("openclaw quarantine key\0").update(key).digest().subarray(0, KEY_NAME_BYTES);

function boundFacts(facts: QuarantineFacts): Buffer {
  const { id, name, path, sizeBytes, findings, runId, userId, channel, createdAt } = facts;
  const digest = Buffer.from(facts.sha256).toString("hex");
  const bound = { id, name, path, sizeBytes: String(sizeBytes), digest, findings, runId, userId, channel };
  return Buffer.from(canonicalJson({ ...bound, createdAt: createdAt.toISOString() }));
}
