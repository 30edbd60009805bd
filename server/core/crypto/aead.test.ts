import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cbcOpen,
  cbcSeal,
  CIPHERS,
  gcmOpen,
  gcmSeal,
  keyIdOf,
  openBytes,
  sealBytes,
} from "#server/core/crypto/aead.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const key = { id: "0123456789ab", key: Buffer.alloc(32, 7) };
const cipher = fc.constantFrom(...CIPHERS);
const value = fc.uint8Array({ maxLength: 300 });
const context = fc.string({ maxLength: 40 });

describe("DATA-1 DATA-3 vectors of the standards", () => {
  it("DATA-1 AES-256-GCM gives what McGrew and Viega list as test cases 13 to 16", () => {
    const nothing = Buffer.alloc(0);
    const zeroKey = Buffer.alloc(32);
    const zeroNonce = Buffer.alloc(12);
    expect(gcmSeal(zeroKey, zeroNonce, nothing, nothing)).toEqual(hex("530f8afbc74536b9a963b4f1c4cb738b"));
    expect(gcmSeal(zeroKey, zeroNonce, Buffer.alloc(16), nothing)).toEqual(
      hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"),
    );
    const longKey = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const nonce = hex("cafebabefacedbaddecaf888");
    const plain = hex(
      `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
       1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`,
    );
    const aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const sealed = hex(
      `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
       8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b`,
    );
    expect(gcmSeal(longKey, nonce, plain, aad)).toEqual(sealed);
    expect(gcmOpen(longKey, nonce, sealed, aad)).toEqual(plain);
  });

  it("DATA-3 AES-256-CBC with HMAC gives what RFC 7518 appendix B.3 lists", () => {
    const keys = {
      mac: hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
      encryption: hex("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"),
    };
    const iv = hex("1af38c2dc2b96ffdd86694092341bc04");
    const plain = Buffer.from(
      "A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience",
    );
    const aad = Buffer.from("The second principle of Auguste Kerckhoffs");
    const sealed = hex(
      `4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2
       e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3
       a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6
       4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5`,
    );
    expect(cbcSeal(keys, iv, plain, aad)).toEqual(sealed);
    expect(cbcOpen(keys, iv, sealed, aad)).toEqual(plain);
  });

  it("DATA-1 refuses tags and nonces that are too short, as Wycheproof's invalid cases do", () => {
    const nonce = Buffer.alloc(12);
    const sealed = gcmSeal(key.key, nonce, Buffer.from("text"), Buffer.alloc(0));
    for (const length of [0, 4, 8, 12, 15]) {
      expect(gcmOpen(key.key, nonce, sealed.subarray(0, length), Buffer.alloc(0))).toBeNull();
    }
    expect(gcmOpen(key.key, nonce.subarray(0, 11), sealed, Buffer.alloc(0))).toBeNull();
  });
});

describe("DATA-1 DATA-3 sealed values", () => {
  it("open to what was sealed, with the key's name readable", () => {
    fc.assert(
      fc.property(cipher, value, context, (name, plain, place) => {
        const sealed = sealBytes(key, plain, place, name);
        expect(keyIdOf(sealed)).toBe(key.id);
        expect(openBytes(key, sealed, place)).toEqual(Buffer.from(plain));
      }),
    );
  });

  it("do not open when any byte was changed, cut off or added", () => {
    fc.assert(
      fc.property(cipher, value, fc.nat(), fc.integer({ min: 1, max: 255 }), (name, plain, at, change) => {
        const sealed = sealBytes(key, plain, "place", name);
        const flipped = Buffer.from(sealed);
        const place = at % flipped.length;
        flipped.writeUInt8(flipped.readUInt8(place) ^ change, place);
        expect(openBytes(key, flipped, "place")).toBeNull();
        expect(openBytes(key, sealed.subarray(0, at % sealed.length), "place")).toBeNull();
        expect(openBytes(key, Buffer.concat([sealed, Buffer.of(change)]), "place")).toBeNull();
      }),
    );
  });

  it("do not open in another place or with another key", () => {
    fc.assert(
      fc.property(cipher, value, context, context, (name, plain, place, other) => {
        fc.pre(place !== other);
        const sealed = sealBytes(key, plain, place, name);
        expect(openBytes(key, sealed, other)).toBeNull();
        expect(openBytes({ ...key, key: Buffer.alloc(32, 8) }, sealed, place)).toBeNull();
      }),
    );
  });

  it("never come out alike for the same value", () => {
    const sealed = Array.from({ length: 100 }, () => sealBytes(key, Buffer.from("same"), "place").toString("hex"));
    expect(new Set(sealed).size).toBe(100);
  });
});
