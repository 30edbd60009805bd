/**
 * The keyring file `keys/keyring.json`: data keys, each wrapped by one root key, and the root key wrapped once per slot by a key made from a
 * master secret (as LUKS does it). Changing the master secret or the rounds touches a slot only; no data key and no stored value changes.
 * Pure but for reading and writing the file.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createFileOnce, writeFileAtomic } from "#server/core/atomic-write.ts";
import { gcmOpen, gcmSeal, type DataKey } from "#server/core/crypto/aead.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** What a data key is for; a key of one purpose never opens a value of another. */
export const KEY_PURPOSES = ["database", "messages", "config", "audit-log"] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

const Base64 = z.base64().max(512);
const Slot = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  kdf: z.literal("PBKDF2-HMAC-SHA256"),
  iterations: z.number().int().min(1_000).max(100_000_000),
  salt: Base64,
  wrapped: Base64,
  /** Of a master secret that has been replaced, kept until a start with the new one has succeeded. */
  retiring: z.literal(true).optional(),
});
const WrappedKey = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  purpose: z.enum(KEY_PURPOSES),
  createdAt: z.iso.datetime(),
  wrapped: Base64,
});
const KeyringFile = z.strictObject({
  version: z.literal(1),
  slots: z.array(Slot).min(1).max(16),
  keys: z.array(WrappedKey).min(1).max(10_000),
});

export type KeySlot = z.infer<typeof Slot>;
export type KeyringFile = z.infer<typeof KeyringFile>;

export function keyringFile(paths: Pick<HomePaths, "keysDir">): string {
  return join(paths.keysDir, "keyring.json");
}

/** Null when there is none. @throws AppError("CONFIG_INVALID") when it is damaged. */
export function readKeyringFile(file: string): KeyringFile | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw new AppError("CONFIG_INVALID", `The keyring ${file} cannot be read. Check its owner and mode (0600).`, {
      cause: error,
    });
  }
  try {
    return KeyringFile.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError(
      "CONFIG_INVALID",
      `The keyring ${file} is damaged. Restore it from a backup; without it nothing that is encrypted can be read.`,
      { cause: error },
    );
  }
}

const toText = (content: KeyringFile): string => `${JSON.stringify(content, null, 2)}\n`;

export function replaceKeyringFile(file: string, content: KeyringFile): void {
  writeFileAtomic(file, toText(content), 0o600);
}

/** Of two processes that make one at the same time one wins: read it afterwards. */
export function createKeyringFile(file: string, content: KeyringFile): void {
  createFileOnce(file, toText(content), 0o600);
}

const NONCE_BYTES = 12;

function wrap(key: Uint8Array, secret: Uint8Array, about: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  return Buffer.concat([nonce, gcmSeal(key, nonce, secret, Buffer.from(about))]).toString("base64");
}

function unwrap(key: Uint8Array, wrapped: string, about: string): Buffer | null {
  const bytes = Buffer.from(wrapped, "base64");
  return gcmOpen(key, bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES), Buffer.from(about));
}

// What is bound to a wrapped key: its description cannot be changed, such as to fewer rounds or another purpose.
const aboutSlot = ({ id, kdf, iterations, salt }: Pick<KeySlot, "id" | "kdf" | "iterations" | "salt">): string =>
  `openclaw slot|${id}|${kdf}|${iterations}|${salt}`;
const aboutKey = ({ id, purpose, createdAt }: { id: string; purpose: KeyPurpose; createdAt: string }): string =>
  `openclaw data key|${id}|${purpose}|${createdAt}`;

/** @param kek the key made from a master secret with `salt` and `iterations`. */
export function makeSlot(kek: Uint8Array, root: Uint8Array, salt: Uint8Array, iterations: number): KeySlot {
  const facts = {
    id: randomBytes(6).toString("hex"),
    kdf: "PBKDF2-HMAC-SHA256" as const,
    iterations,
    salt: Buffer.from(salt).toString("base64"),
  };
  return { ...facts, wrapped: wrap(kek, root, aboutSlot(facts)) };
}

/** The root key, or null when `kek` does not fit this slot. */
export const openSlot = (slot: KeySlot, kek: Uint8Array): Buffer | null => unwrap(kek, slot.wrapped, aboutSlot(slot));

/** What wraps the keys of one purpose: a process that is given it opens these and no others, those that are added later included. */
export type PurposeKeys = ReadonlyMap<KeyPurpose, Uint8Array>;

export function purposeKeys(root: Uint8Array): PurposeKeys {
  return new Map(
    KEY_PURPOSES.map((purpose) => [
      purpose,
      Buffer.from(hkdfSync("sha256", root, Buffer.alloc(0), `openclaw keyring purpose ${purpose}`, 32)),
    ]),
  );
}

export function makeKey(wrapping: PurposeKeys, purpose: KeyPurpose, now: Date): KeyringFile["keys"][number] {
  const facts = { id: randomBytes(6).toString("hex"), purpose, createdAt: now.toISOString() };
  return { ...facts, wrapped: wrap(wrappingKey(wrapping, purpose), randomBytes(32), aboutKey(facts)) };
}

function wrappingKey(wrapping: PurposeKeys, purpose: KeyPurpose): Uint8Array {
  const key = wrapping.get(purpose);
  if (key === undefined) {
    throw new AppError("NOT_CONFIGURED", `This process was given no keys for ${purpose}. The supervisor gives them.`);
  }
  return key;
}

export interface OpenedKey extends DataKey {
  purpose: KeyPurpose;
  createdAt: Date;
}

/** The keys that `wrapping` opens, in the order of the file, the newest of a purpose last. @throws AppError("CONFIG_INVALID") when one was changed. */
export function openKeys(content: KeyringFile, wrapping: PurposeKeys): OpenedKey[] {
  const ours = content.keys.filter(({ purpose }) => wrapping.has(purpose));
  return ours.map((entry) => {
    const key = unwrap(wrappingKey(wrapping, entry.purpose), entry.wrapped, aboutKey(entry));
    if (key === null) {
      throw new AppError(
        "CONFIG_INVALID",
        `The key ${entry.id} (${entry.purpose}) in the keyring was changed. Restore keys/keyring.json from a backup.`,
      );
    }
    return { id: entry.id, purpose: entry.purpose, createdAt: new Date(entry.createdAt), key };
  });
}
