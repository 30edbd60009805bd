/**
 * The key that signs checkpoints and removals.
 *   keys/audit-signing.json      the private key, made at the first start; only the sealer reads it
 *   keys/audit-public-key.txt    the public key in the written form of signed notes, for auditors: it holds no secret
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { originOf } from "#server/audit/proof/checkpoint.ts";
import { readKeyFile } from "#server/audit/key-files.ts";
import {
  formatNoteKey,
  noteKey,
  parseNoteKey,
  rawPublicKey,
  type NoteKey,
  type NoteSigner,
} from "#server/audit/proof/signing-note.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

const SigningFile = z.object({
  version: z.literal(1),
  privateKey: z.base64().transform((text, context) => {
    try {
      return createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
    } catch {
      context.addIssue({ code: "custom", message: "is no private key" });
      return z.NEVER;
    }
  }),
});

const signingKeyFile = (keysDir: string): string => join(keysDir, "audit-signing.json");

function publicKeyFile(keysDir: string): string {
  return join(keysDir, "audit-public-key.txt");
}

/**
 * The signing key, with its public half lying beside it.
 * @param inUse something was signed before: a new key would make it worthless, so a missing one is not replaced.
 * @throws AppError("AUDIT_UNAVAILABLE")
 */
export function openSigner(keysDir: string, inUse: boolean): NoteSigner {
  const stored = readKeyFile(signingKeyFile(keysDir), SigningFile)?.privateKey;
  if (stored === undefined && inUse) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `Checkpoints of the audit record exist, but the key that signed them is missing: ${signingKeyFile(keysDir)}. Restore the file from a backup.`,
    );
  }
  const signer = signerOf(stored ?? createSigningKey(keysDir));
  const text = `${formatNoteKey(signer)}\n`;
  if (readText(publicKeyFile(keysDir)) !== text) {
    writeFileAtomic(publicKeyFile(keysDir), text, 0o644);
  }
  return signer;
}

function createSigningKey(keysDir: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ed25519");
  const encoded = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  writeFileAtomic(signingKeyFile(keysDir), `${JSON.stringify({ version: 1, privateKey: encoded })}\n`, 0o600);
  return privateKey;
}

function signerOf(privateKey: KeyObject): NoteSigner {
  const raw = rawPublicKey(createPublicKey(privateKey));
  return { ...noteKey(originOf(raw), raw), privateKey };
}

/**
 * The public key that verifies checkpoints.
 * @param given the key in its written form, or a file that holds it; default: the one in the home, where null means that there is none.
 * @throws AppError("AUDIT_UNAVAILABLE") when it cannot be read.
 */
export function readPublicKey(keysDir: string, given?: string): NoteKey | null {
  const named = given === undefined ? null : parseNoteKey(given);
  if (named !== null) {
    return named;
  }
  const file = given ?? publicKeyFile(keysDir);
  const text = readText(file);
  if (text === null && given === undefined) {
    return null;
  }
  const key = text === null ? null : parseNoteKey(text);
  if (key === null) {
    throw new AppError(
      "AUDIT_UNAVAILABLE",
      `${file} is no public key of an audit record. Name the file audit-public-key.txt, or give the one line that is in it.`,
    );
  }
  return key;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw new AppError("AUDIT_UNAVAILABLE", `${file} cannot be read. Check its owner and mode.`, { cause: error });
  }
}
