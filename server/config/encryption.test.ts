/** Encrypting the secrets of a text and back, with real keys. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { decryptTexts, encryptTexts, secretTexts } from "#server/config/encryption.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { nodeAt } from "#server/config/json5/value.ts";
import { readConfigText } from "#server/config/read.ts";
import { resolveSecret } from "#server/config/references.ts";
import { openSource, sealSource, secretOpener } from "#server/config/sealed-secret.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";

let keyring: Keyring;
let other: Keyring;

beforeAll(async () => {
  [keyring, other] = await Promise.all([openTestKeyring(), openTestKeyring()]);
});

const encrypted = (text: string): string =>
  encryptTexts(
    text,
    secretTexts(parseJson5(text).root).filter(({ state }) => state === "plain"),
    (path, source) => sealSource(keyring, path, source),
  );

const decrypted = (text: string, keys = keyring): string =>
  decryptTexts(
    text,
    secretTexts(parseJson5(text).root).filter(({ state }) => state === "encrypted"),
    (path, sealed) => openSource(keys, path, sealed),
  );

const CANARY = "canary7Zq4";

/** One value in one of the ways JSON5 lets it be written. */
const written = fc
  .tuple(fc.string({ unit: fc.constantFrom(..."aZ9'\"\\ü€ /,}{:#", "😀"), maxLength: 12 }), fc.nat(4))
  .map(([rest, style]) => {
    const value = CANARY + rest;
    const single = `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
    const escaped = `"${value.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
    const broken = `"${JSON.stringify(value).slice(1, -1)}\\\n"`;
    return { value, source: [JSON.stringify(value), single, escaped, broken, JSON.stringify(value)][style] ?? "" };
  });

const space = fc.constantFrom(
  "",
  " ",
  "\n",
  "\r\n",
  "\t",
  " // a note, { with } signs\n",
  "/* 'x' : \"y\", */",
  "\n  ",
);
const keyStyle = fc.constantFrom(
  (key: string) => key,
  (key: string) => `"${key}"`,
  (key: string) => `'${key}'`,
);

/** A configuration with every secret field, in random clothes. */
const configText = fc
  .record({
    values: fc.array(written, { minLength: 6, maxLength: 6 }),
    spaces: fc.array(space, { minLength: 80, maxLength: 80 }),
    keys: fc.array(keyStyle, { minLength: 30, maxLength: 30 }),
    trailing: fc.boolean(),
    mark: fc.boolean(),
  })
  .map(({ values, spaces, keys, trailing, mark }) => {
    let spaceAt = 0;
    let keyAt = 0;
    const gap = (): string => spaces[spaceAt++ % spaces.length] ?? "";
    const key = (name: string): string => (keys[keyAt++ % keys.length] ?? ((k: string) => k))(name);
    const object = (entries: readonly [string, string][]): string =>
      `{${entries.map(([name, value]) => `${gap()}${key(name)}${gap()}:${gap()}${value}${gap()}`).join(",")}${trailing ? "," : ""}${gap()}}`;
    const [token, anthropic, openai, google, own, hook] = values.map(({ source }) => source) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const text = object([
      [
        "gateway",
        object([
          ["port", "8080"],
          ["token", token],
        ]),
      ],
      [
        "security",
        object([
          [
            "apiKeys",
            object([
              ["anthropic", anthropic],
              ["openai", openai],
              ["google", google],
            ]),
          ],
          ["monitoring", object([["alerting", object([["webhookUrl", hook]])]])],
        ]),
      ],
      [
        "models",
        object([
          [
            "providers",
            object([
              [
                "mine",
                object([
                  ["type", '"openai"'],
                  ["apiKey", own],
                ]),
              ],
            ]),
          ],
        ]),
      ],
    ]);
    return { text: (mark ? "\u{feff}" : "") + gap() + text + gap(), values: values.map(({ value }) => value) };
  });

const PLACES = [
  ["gateway", "token"],
  ["security", "apiKeys", "anthropic"],
  ["security", "apiKeys", "openai"],
  ["security", "apiKeys", "google"],
  ["models", "providers", "mine", "apiKey"],
  ["security", "monitoring", "alerting", "webhookUrl"],
] as const;

test("DATA-2 encrypt and decrypt give every byte back, and nothing of a secret is left in between", () => {
  fc.assert(
    fc.property(configText, ({ text, values }) => {
      expect(parseJson5(text).problems).toEqual([]);
      const sealed = encrypted(text);
      expect(sealed).not.toContain(CANARY);
      expect(sealed).not.toContain("\\u0063\\u0061\\u006e");
      expect(decrypted(sealed)).toBe(text);
      const { root } = parseJson5(sealed);
      for (const [index, place] of PLACES.entries()) {
        const node = nodeAt(root, place);
        const stored = node?.kind === "scalar" ? String(node.value) : "";
        expect(stored).toMatch(/^enc:v1:/);
        const open = secretOpener(keyring);
        expect(open(place.join("."), stored)).toBe(values[index]);
      }
      // What stands around the secrets is the same, piece by piece.
      const pieces = sealed.split(/"enc:v1:[^"]*"/);
      let from = 0;
      for (const piece of pieces) {
        from = text.indexOf(piece, from);
        expect(from).toBeGreaterThanOrEqual(0);
        from += piece.length;
      }
    }),
    { numRuns: 300 },
  );
});

const FILE =
  '{\n  gateway: { token: "k3Zt9QwLx7VbN2mRf8Yc5HjP" }, // shared\n  security: { apiKeys: { openai: \'sk-1\', google: "${KEY}" } },\n}\n';

test("AUTH-11 DATA-2 references are not encrypted, and a second encryption changes nothing", () => {
  const once = encrypted(FILE);
  expect(once).toContain('google: "${KEY}"');
  expect(encrypted(once)).toBe(once);
  expect(decrypted(decrypted(once))).toBe(FILE);
});

describe("DATA-2 an encrypted value opens in its place and with its keyring only", () => {
  const read = (text: string, path: readonly string[]): string => {
    const node = nodeAt(parseJson5(text).root, path);
    return node?.kind === "scalar" ? String(node.value) : "";
  };
  const stored = (): string => read(encrypted(FILE), ["security", "apiKeys", "openai"]);
  const open = (path: string, value: string, keys = keyring): string =>
    resolveSecret(path, value, { open: secretOpener(keys) });
  const refused = (path: string, value: string, keys = keyring): unknown => {
    try {
      return open(path, value, keys);
    } catch (error) {
      return error;
    }
  };

  test("it opens", () => expect(open("security.apiKeys.openai", stored())).toBe("sk-1"));

  test("put to another key it is refused by that key's name", () =>
    expect(refused("security.apiKeys.google", stored())).toMatchObject({
      code: "CANNOT_DECRYPT",
      message: expect.stringMatching(/^security\.apiKeys\.google cannot be decrypted: .*for another key/) as unknown,
    }));

  test("another home's keyring is refused", () => {
    expect(refused("security.apiKeys.openai", stored(), other)).toMatchObject({
      code: "CANNOT_DECRYPT",
      message: expect.stringContaining("not in this home's keyring") as unknown,
    });
    expect(() => decrypted(encrypted(FILE), other)).toThrow("gateway.token cannot be decrypted");
  });

  test("a flipped bit, a cut value and another version are refused by name", () => {
    const bytes = Buffer.from(stored().slice("enc:v1:".length), "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
      expect(refused("security.apiKeys.openai", `enc:v1:${flipped.toString("base64")}`)).toMatchObject({
        code: "CANNOT_DECRYPT",
      });
    }
    expect(refused("security.apiKeys.openai", stored().slice(0, -8))).toMatchObject({ code: "CANNOT_DECRYPT" });
    expect(refused("security.apiKeys.openai", "enc:v1:")).toMatchObject({ code: "CANNOT_DECRYPT" });
    expect(refused("security.apiKeys.openai", stored().replace("v1", "v2"))).toMatchObject({
      message: expect.stringContaining("another version") as unknown,
    });
  });

  test("a process without the keyring says so instead of using the ciphertext", () =>
    expect(() => resolveSecret("security.apiKeys.openai", stored())).toThrow(
      /^security\.apiKeys\.openai is encrypted/,
    ));

  test("AUTH-11 a reference inside an encrypted text is filled in at use", () => {
    const value = sealSource(keyring, "security.apiKeys.openai", '"sk-${REST}"');
    const source = { open: secretOpener(keyring), lookup: (name: string) => (name === "REST" ? "rest" : undefined) };
    expect(resolveSecret("security.apiKeys.openai", value, source)).toBe("sk-rest");
    expect(() => resolveSecret("security.apiKeys.openai", value, { ...source, lookup: () => undefined })).toThrow(
      /^security\.apiKeys\.openai refers to the environment variable REST/,
    );
  });
});

test("an encrypted value may be longer than the text it stands for may be", () => {
  const longest = "x".repeat(4096);
  const text = encrypted(`{ security: { apiKeys: { openai: "${longest}" } } }`);
  expect(readConfigText(text).problems).toEqual([]);
  expect(readConfigText(`{ security: { apiKeys: { openai: "${longest}x" } } }`).problems).toMatchObject([
    { path: "security.apiKeys.openai", reason: "must be at most 4096 characters" },
  ]);
});
