import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  formatNoteKey,
  noteKey,
  openNote,
  parseNoteKey,
  rawPublicKey,
  signNote,
  type NoteSigner,
} from "#server/audit/proof/signing-note.ts";

/** The example of the format's first implementation, Go's golang.org/x/mod/sumdb/note. */
const EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const EXAMPLE_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const EXAMPLE_NOTE = `${EXAMPLE_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

function signer(name: string): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { ...noteKey(name, rawPublicKey(publicKey)), privateKey };
}

describe("signed notes", () => {
  test("AUD-4 the published example of the format verifies, and its key is written back as it was read", () => {
    const key = parseNoteKey(EXAMPLE_KEY);
    expect(key).not.toBeNull();
    if (key !== null) {
      expect(formatNoteKey(key)).toBe(EXAMPLE_KEY);
      expect(openNote(EXAMPLE_NOTE, key)).toEqual({ state: "signed", text: EXAMPLE_TEXT });
      expect(openNote(EXAMPLE_NOTE.replace("your problem is", "my problem is"), key)).toEqual({ state: "forged" });
    }
  });

  test("AUD-4 the key of the Go checksum database has the id that it is published with", () => {
    const published = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    expect(parseNoteKey(published)).not.toBeNull();
    expect(parseNoteKey(published.replace("033de0ae", "033de0af"))).toBeNull();
  });

  test("AUD-4 a note opens with its key only, also beside signatures of others", () => {
    const [own, other] = [signer("openclaw-gateway/00000000"), signer("witness.example/w")];
    const note = signNote("one\ntwo\n", own);
    expect(openNote(note, own)).toEqual({ state: "signed", text: "one\ntwo\n" });
    expect(openNote(note, other)).toEqual({ state: "foreign" });
    const cosigned = note + signNote("one\ntwo\n", other).slice("one\ntwo\n\n".length);
    expect(openNote(cosigned, own)).toMatchObject({ state: "signed" });
    expect(openNote(cosigned, other)).toMatchObject({ state: "signed" });
  });

  test("AUD-4 a key of the same name, a changed signature and what is no note are refused", () => {
    const own = signer("openclaw-gateway/00000000");
    const note = signNote("one\n", own);
    expect(openNote(note, signer(own.name))).toEqual({ state: "foreign" });
    const forgedWith = signer(own.name);
    expect(openNote(signNote("one\n", { ...forgedWith, id: own.id }), own)).toEqual({ state: "forged" });
    for (const text of ["", "one\n", "one\n\n", note.trimEnd(), `${note}more\n`, note.replace("— ", "- ")]) {
      expect(openNote(text, own)).toEqual({ state: "forged" });
    }
  });

  test("AUD-4 what is no key in the written form is no key", () => {
    for (const text of ["", "a", "a+b", "a+00000000+", "a+00000000+AQ==", EXAMPLE_KEY.replace("+AR", "+BR")]) {
      expect(parseNoteKey(text)).toBeNull();
    }
  });
});
