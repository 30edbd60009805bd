import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimedSize, originOf, readCheckpoint, signCheckpoint } from "#server/audit/proof/checkpoint.ts";
import { append, emptyRange, rootOf, type Range } from "#server/audit/proof/merkle.ts";
import { readRemoval, signRemoval } from "#server/audit/proof/removal.ts";
import { noteKey, rawPublicKey, signNote, type NoteSigner } from "#server/audit/proof/signing-note.ts";

function newSigner(): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = rawPublicKey(publicKey);
  return { ...noteKey(originOf(raw), raw), privateKey };
}

function rangeOf(size: number): Range {
  const range = emptyRange();
  for (let leaf = 0; leaf < size; leaf += 1) {
    append(range, randomBytes(32));
  }
  return range;
}

const signer = newSigner();
/** Another line in the text, signed with the true key: what a note says has to be of its form as well. */
const resign = (text: string): string => signNote(text, signer);

describe("checkpoints", () => {
  test("AUD-4 are notes of three lines that name record, size and root", () => {
    const range = rangeOf(5);
    const { note } = signCheckpoint(range, signer);
    const [origin, size, root, empty, signature] = note.split("\n");
    expect([origin, size, root, empty]).toEqual([signer.name, "5", rootOf(range).toString("base64"), ""]);
    expect(origin).toMatch(/^openclaw-gateway\/[0-9a-f]{8}$/);
    expect(signature?.startsWith(`— ${signer.name} `)).toBe(true);
    expect(readCheckpoint(note, signer)).toEqual({ size: 5, root: rootOf(range), note });
    expect(claimedSize(note)).toBe(5);
    expect(readCheckpoint(note, newSigner())).toBe("foreign");
  });

  test("AUD-4 property: no changed character leaves a checkpoint or a removal good", () => {
    const range = rangeOf(6);
    const notes = [
      signCheckpoint(range, signer).note,
      signRemoval({ from: 1, to: 6, hash: randomBytes(32), range }, signer),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...notes),
        fc.nat(),
        fc.constantFrom("A", "1", "\n", " ", "="),
        (note, pick, other) => {
          const place = pick % note.length;
          const changed = note.slice(0, place) + other + note.slice(place + 1);
          fc.pre(changed !== note);
          expect(typeof readCheckpoint(changed, signer)).toBe("string");
          expect(typeof readRemoval(changed, signer)).toBe("string");
        },
      ),
      { numRuns: 400 },
    );
  });

  test("AUD-4 what is signed but of another form is none, and the two kinds of notes are never taken for each other", () => {
    const root = randomBytes(32).toString("base64");
    const removal = signRemoval({ from: 3, to: 6, hash: randomBytes(32), range: rangeOf(6) }, signer);
    expect(readRemoval(removal, signer)).toMatchObject({ from: 3, to: 6, range: { size: 6 } });
    expect(readCheckpoint(removal, signer)).toBe("forged");
    expect(readRemoval(signCheckpoint(rangeOf(3), signer).note, signer)).toBe("forged");
    for (const text of [
      `${signer.name}\n0\n${root}\n`,
      `${signer.name}\n05\n${root}\n`,
      `${signer.name}\n9007199254740993\n${root}\n`,
      `${signer.name}\n5\n${root.slice(0, -4)}\n`,
      `openclaw-gateway/00000000\n5\n${root}\n`,
    ]) {
      expect(readCheckpoint(resign(text), signer)).toBe("forged");
    }
    const title = `${signer.name} removal`;
    for (const text of [
      `${title}\n1\n2\n${root}\n`,
      `${title}\n1\n2\n${root}\n${root}\n${root}\n`,
      `${title}\n0\n2\n${root}\n${root}\n`,
      `${title}\n1\n2\nx\n${root}\n`,
    ]) {
      expect(readRemoval(resign(text), signer)).toBe("forged");
    }
    expect(readRemoval(resign(`${title}\n1\n2\n${root}\n${root}\n`), signer)).toMatchObject({ from: 1, to: 2 });
  });
});
