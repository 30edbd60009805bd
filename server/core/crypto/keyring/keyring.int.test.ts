import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openText, plainText, sealText } from "#server/core/crypto/vault.ts";
import {
  addDataKeys,
  changeMasterSecret,
  deriveKey,
  dropRetiringSlots,
  keyringFile,
  KEY_PURPOSES,
  masterSecretFile,
  openKeyring,
  passphrase,
  readMasterSecret,
} from "#server/core/crypto/keyring/index.ts";

const FAST = { iterations: 1_000 };
const NEW_SECRET = "a master key of a different make";
let paths: { keysDir: string };
beforeEach(() => {
  paths = { keysDir: mkdtempSync(join(tmpdir(), "openclaw-keys-")) };
});
afterEach(() => rmSync(paths.keysDir, { recursive: true, force: true }));

const open = (env: { OPENCLAW_MASTER_KEY?: string; OPENCLAW_MASTER_KEY_FILE?: string } = {}) =>
  openKeyring(paths, env, FAST);
const ownSecret = () => readMasterSecret(paths, {}, false);
const given = () => passphrase(NEW_SECRET, "the test");

describe("DATA-1 the keyring", () => {
  it("PBKDF2 gives the vectors that are known for HMAC-SHA-256", async () => {
    const first = await deriveKey(Buffer.from("passwd"), Buffer.from("salt"), 1);
    // RFC 7914 § 11.
    expect(first.toString("hex")).toBe("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    const second = await deriveKey(Buffer.from("Password"), Buffer.from("NaCl"), 80_000);
    expect(second.toString("hex")).toBe("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
  });

  it("is made once, readable by its owner alone, with a key for each purpose and no key in plain sight", async () => {
    const rings = await Promise.all([open(), open(), open()]);
    const ids = rings.map((ring) => ring.list().map(({ id }) => id));
    expect(ids[1]).toEqual(ids[0]);
    expect(ids[2]).toEqual(ids[0]);
    expect(rings[0].list().map(({ purpose }) => purpose)).toEqual([...KEY_PURPOSES]);
    for (const file of [keyringFile(paths), masterSecretFile(paths)]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    const text = readFileSync(keyringFile(paths), "utf8");
    for (const { key } of rings[0].list()) {
      expect(text).not.toContain(key.toString("base64"));
      expect(text).not.toContain(key.toString("hex"));
    }
  });

  it("refuses another master secret, a missing one and a short one, and changes nothing", async () => {
    await open();
    const before = readFileSync(keyringFile(paths), "utf8");
    await expect(open({ OPENCLAW_MASTER_KEY: NEW_SECRET })).rejects.toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("OPENCLAW_MASTER_KEY does not open the keyring") as string,
    });
    await expect(open({ OPENCLAW_MASTER_KEY: "short" })).rejects.toThrow("shorter than 24 characters");
    await expect(open({ OPENCLAW_MASTER_KEY_FILE: join(paths.keysDir, "absent") })).rejects.toThrow("cannot be read");
    rmSync(masterSecretFile(paths));
    await expect(open()).rejects.toThrow("no master secret");
    expect(readFileSync(keyringFile(paths), "utf8")).toBe(before);
  });

  it("takes the master secret from a variable or a file, and the home then holds none", async () => {
    const file = join(paths.keysDir, "passphrase");
    writeFileSync(file, `${NEW_SECRET}\n`);
    const ring = await open({ OPENCLAW_MASTER_KEY: NEW_SECRET });
    const sealed = sealText(ring, "database", "text", "a|b|c");
    const again = await open({ OPENCLAW_MASTER_KEY_FILE: file });
    expect(openText(again, ["database"], sealed, "a|b|c")).toBe("text");
    expect(() => statSync(masterSecretFile(paths))).toThrow("ENOENT");
  });

  it.each([
    ["rounds", (text: string) => text.replace('"iterations": 1000', '"iterations": 1001'), "does not open"],
    ["purpose", (text: string) => text.replace('"purpose": "database"', '"purpose": "messages"'), "was changed"],
    ["age", (text: string) => text.replace(/"createdAt": "\d/, '"createdAt": "1'), "was changed"],
    ["cut", (text: string) => text.slice(0, -20), "is damaged"],
  ])("refuses a keyring whose %s was changed", async (_what, change, message) => {
    await open();
    writeFileSync(keyringFile(paths), change(readFileSync(keyringFile(paths), "utf8")));
    await expect(open()).rejects.toThrow(message);
  });
});

describe("DATA-1 access without the master secret", () => {
  it("opens the keys of the given purposes and no others, those that are added later included", async () => {
    const whole = await open();
    const sealed = sealText(whole, "database", "text", "a|b|c");
    const other = sealText(whole, "config", "secret", "a|b|c");
    const part = await openKeyring(paths, { OPENCLAW_KEY_ACCESS: whole.accessTo(["database"]) });
    expect(openText(part, ["database"], sealed, "a|b|c")).toBe("text");
    expect(() => openText(part, ["config"], other, "a|b|c")).toThrow("not in the keyring");
    expect(() => part.current("config")).toThrow("was given no keys for config");
    expect(part.list().map(({ purpose }) => purpose)).toEqual(["database"]);
    const [added] = await addDataKeys(paths, ownSecret(), ["database"]);
    await expect.poll(() => part.current("database").id, { timeout: 5_000 }).toBe(added?.id);
    // A changed master secret disturbs nobody.
    await changeMasterSecret(paths, ownSecret(), given(), { iterations: 1_000 });
    const again = await openKeyring(paths, { OPENCLAW_KEY_ACCESS: part.accessTo(["database"]) });
    expect(openText(again, ["database"], sealed, "a|b|c")).toBe("text");
  });

  it.each(["", "database", "database:AAAA", "nothing:x", "database:x,config"])("refuses %j as access", async (text) => {
    await open();
    await expect(openKeyring(paths, { OPENCLAW_KEY_ACCESS: text })).rejects.toThrow("OPENCLAW_KEY_ACCESS");
  });
});

describe("DATA-6 rotation", () => {
  it("of the master secret leaves every key and every value as it is, and ends the old secret", async () => {
    const running = await open();
    const sealed = sealText(running, "database", "text", "a|b|c");
    await changeMasterSecret(paths, ownSecret(), given(), { iterations: 2_000 });
    await expect(open()).rejects.toThrow("does not open the keyring");
    const after = await open({ OPENCLAW_MASTER_KEY: NEW_SECRET });
    expect(after.iterations).toBe(2_000);
    expect(openText(after, ["database"], sealed, "a|b|c")).toBe("text");
    expect(openText(running, ["database"], sealed, "a|b|c")).toBe("text");
    expect(after.current("database").id).toBe(running.current("database").id);
  });

  it("opens with both secrets while the new one is being put in place, and with the old one when that fails", async () => {
    await open();
    const before = readFileSync(keyringFile(paths), "utf8");
    const failed = changeMasterSecret(paths, ownSecret(), given(), {
      iterations: 1_000,
      store: async () => {
        await open();
        await open({ OPENCLAW_MASTER_KEY: NEW_SECRET });
        throw new Error("no room");
      },
    });
    await expect(failed).rejects.toThrow("no room");
    expect(readFileSync(keyringFile(paths), "utf8")).toBe(before);
  });

  it("keeps an old secret that is given from outside until a start with the new one", async () => {
    await open();
    await changeMasterSecret(paths, ownSecret(), given(), { iterations: 1_000, keepOld: true });
    await open();
    expect(await dropRetiringSlots(paths, ownSecret())).toBe(false);
    await open();
    expect(await dropRetiringSlots(paths, given())).toBe(true);
    await expect(open()).rejects.toThrow("does not open the keyring");
  });

  it("of a data key is seen by processes that run, which go on reading what the old one sealed", async () => {
    const running = await open();
    const old = sealText(running, "messages", "old", "a|b|c");
    const [added] = await addDataKeys(paths, ownSecret(), ["messages"]);
    await expect.poll(() => running.current("messages").id, { timeout: 5_000 }).toBe(added?.id);
    const fresh = sealText(running, "messages", "new", "a|b|c", "AES-256-CBC");
    const other = await open();
    expect([old, fresh].map((text) => openText(other, ["messages"], text, "a|b|c"))).toEqual(["old", "new"]);
  });

  it("finds the key of a value that another process sealed with it a moment ago", async () => {
    const running = await open();
    await addDataKeys(paths, ownSecret(), ["database"]);
    const sealed = sealText(await open(), "database", "text", "a|b|c");
    expect(openText(running, ["database"], sealed, "a|b|c")).toBe("text");
  });
});

describe("DATA-1 stored text", () => {
  it("is refused in another place, and when its key is gone or of another purpose", async () => {
    const ring = await open();
    const sealed = sealText(ring, "database", "text", "run|code|1");
    expect(() => openText(ring, ["database"], sealed, "run|code|2")).toThrow("put into another place");
    expect(() => openText(ring, ["messages"], sealed, "run|code|1")).toThrow("not in the keyring");
    rmSync(keyringFile(paths));
    const other = await open();
    expect(() => openText(other, ["database"], sealed, "run|code|1")).toThrow("not in the keyring");
    expect(() => openText(other, ["database"], "$ocg1$AAAA", "run|code|1")).toThrow("is not a sealed value");
  });

  it.each(["plain", "", "$ocg1$AAAA", "$ocg0$x", "$ocg"])("%j without encryption stays what it is", async (text) => {
    expect(openText(await open(), ["database"], plainText(text), "run|code|1")).toBe(text);
  });
});
