import fc from "fast-check";
import { expect, test } from "vitest";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import {
  keyOfStoredBytes,
  openStoredBytes,
  plainStoredBytes,
  sealStoredBytes,
} from "#server/core/crypto/vault-bytes.ts";

const KEY = { id: "0123456789ab", key: Buffer.alloc(32, 7) };
const keyring: Keyring = {
  iterations: 1_000,
  current: () => KEY,
  find: (_purpose, id) => (id === KEY.id ? KEY : undefined),
  list: () => [],
  accessTo: () => "",
};
const WHERE = "run_file|content|fil_1";
const open = (stored: Uint8Array, where = WHERE) => openStoredBytes(keyring, "database", stored, where);

/** Any bytes, often beginning like a stored value of ours. */
const content = fc
  .tuple(fc.constantFrom("", "$ocg1$", "$ocg0$", "$ocg0$$ocg1$"), fc.uint8Array())
  .map(([marker, rest]) => Buffer.concat([Buffer.from(marker), rest]));

test("DATA-1 any bytes come back, sealed and plain, and only what was sealed counts as sealed", () => {
  fc.assert(
    fc.property(content, (bytes) => {
      const sealed = sealStoredBytes(keyring, "database", bytes, WHERE);
      const plain = plainStoredBytes(bytes);
      expect([open(sealed), open(plain)]).toEqual([bytes, bytes]);
      expect([keyOfStoredBytes(sealed.subarray(0, 13)), keyOfStoredBytes(plain)]).toEqual([KEY.id, null]);
    }),
  );
});

test("DATA-1 sealed bytes are refused in another place, changed, cut, and under an unknown key", () => {
  const sealed = sealStoredBytes(keyring, "database", Buffer.from("content"), WHERE);
  expect(() => open(sealed, "run_file|content|fil_2")).toThrow(/put into another place/);
  for (let index = 6; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(() => open(changed)).toThrow(/run_file\|content\|fil_1/);
  }
  expect(() => open(sealed.subarray(0, -1))).toThrow(/changed/);
  expect(() => open(sealed.subarray(0, 6))).toThrow(/not a sealed value/);
});
