/**
 * Signed notes with Ed25519, the format of transparency logs (C2SP signed-note): a text, an empty line, and lines of signatures
 *   — <key name> <base64 of 4 bytes key id ‖ 64 bytes signature>
 * The key's id is the beginning of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key); its written form is `<name>+<id in hex>+<base64 of 0x01 ‖ public key>`.
 * Any tool that knows the format verifies them. Pure.
 */
import { createPublicKey, hash, sign, verify, type KeyObject } from "node:crypto";

/** Verifies notes of one signer. */
export interface NoteKey {
  /** Not empty, without spaces and plus signs. */
  name: string;
  id: Buffer;
  publicKey: KeyObject;
}

export interface NoteSigner extends NoteKey {
  privateKey: KeyObject;
}

/** `foreign`: no signature of this key. `forged`: one that claims to be of this key and is not, or no note at all. */
type OpenedNote = { state: "signed"; text: string } | { state: "foreign" | "forged" };

const ED25519 = Buffer.of(1);
const ID_BYTES = 4;
const KEY_BYTES = 32;
const NAME = /^[^\s+]+$/u;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;

/** The key with these 32 bytes. */
export function noteKey(name: string, raw: Buffer): NoteKey {
  const publicKey = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
    format: "jwk",
  });
  return { name, id: keyId(name, raw), publicKey };
}

/** The 32 bytes of an Ed25519 key. */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
}

function keyId(name: string, raw: Buffer): Buffer {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), ED25519, raw]), "buffer").subarray(0, ID_BYTES);
}

export function formatNoteKey({ name, id, publicKey }: NoteKey): string {
  const encoded = Buffer.concat([ED25519, rawPublicKey(publicKey)]).toString("base64");
  return `${name}+${id.toString("hex")}+${encoded}`;
}

/** Null for what is no Ed25519 key in the written form, or one whose id is not its own. */
export function parseNoteKey(text: string): NoteKey | null {
  const [name = "", id = "", ...rest] = text.trim().split("+");
  const encoded = Buffer.from(rest.join("+"), "base64");
  if (!NAME.test(name) || encoded.length !== ED25519.length + KEY_BYTES || encoded[0] !== ED25519[0]) {
    return null;
  }
  const key = noteKey(name, encoded.subarray(ED25519.length));
  return key.id.toString("hex") === id ? key : null;
}

/** @param text ends with a line end. */
export function signNote(text: string, signer: NoteSigner): string {
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  return `${text}\n— ${signer.name} ${Buffer.concat([signer.id, signature]).toString("base64")}\n`;
}

/** The text of `note` when `key` signed it. Signatures of other keys (witnesses) are left alone. */
export function openNote(note: string, key: NoteKey): OpenedNote {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) {
    return { state: "forged" };
  }
  const text = note.slice(0, end + 1);
  let state: OpenedNote = { state: "foreign" };
  for (const line of note.slice(end + 2, -1).split("\n")) {
    const [, name, encoded = ""] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = Buffer.from(encoded, "base64");
    // One spelling for each signature.
    if (name === undefined || bytes.toString("base64") !== encoded) {
      return { state: "forged" };
    }
    if (name === key.name && bytes.subarray(0, ID_BYTES).equals(key.id)) {
      if (!verify(null, Buffer.from(text), key.publicKey, bytes.subarray(ID_BYTES))) {
        return { state: "forged" };
      }
      state = { state: "signed", text };
    }
  }
  return state;
}
