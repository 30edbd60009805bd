import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { registerKeys } from "./security-keys.ts";
import { keyringFile, masterSecretFile, openKeyring } from "#server/core/crypto/keyring/index.ts";
import { openText, sealText } from "#server/core/crypto/vault.ts";

const NEW_SECRET = "another master key, long enough";
const CONFIG = "{ security: { encryption: { database: { iterations: 100000 } } } }";
let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench((program, context) => registerKeys(program, context));
  bench.configure(CONFIG);
});
afterAll(() => bench.close());
beforeEach(async () => {
  rmSync(keyringFile(bench.paths), { force: true });
  rmSync(masterSecretFile(bench.paths), { force: true });
  await openKeyring(bench.paths, {}, { iterations: 100_000 });
});

const recorded = (event: string) =>
  bench.sql<{ target: string | null; data: object }>(
    `SELECT target, data FROM ${RECORDED} AS r WHERE event = '${event}' ORDER BY n`,
  );

describe("DATA-6 rotate-master-key", () => {
  it("puts a new random key in the old one's place; everything sealed stays readable; it is on record without the key", async () => {
    const before = await openKeyring(bench.paths, {});
    const sealed = sealText(before, "database", "text", "a|b|c");
    const oldFile = readFileSync(masterSecretFile(bench.paths), "utf8");
    const { exitCode, out, err } = await bench.run("rotate-master-key");
    expect([exitCode, out]).toEqual([0, ["The keyring opens with the new master key (100000 rounds)."]]);
    const kept = /kept in (\S+):/.exec(err.join(" "))?.[1] ?? "";
    expect([readFileSync(kept, "utf8"), statSync(kept).mode & 0o777]).toEqual([oldFile, 0o600]);
    const newFile = readFileSync(masterSecretFile(bench.paths), "utf8");
    expect(newFile).not.toBe(oldFile);
    expect(statSync(masterSecretFile(bench.paths)).mode & 0o777).toBe(0o600);
    expect(openText(await openKeyring(bench.paths, {}), ["database"], sealed, "a|b|c")).toBe("text");
    await expect(openKeyring(bench.paths, { OPENCLAW_MASTER_KEY: oldFile.trim() })).rejects.toThrow("does not open");
    expect((await recorded("key.master_rotated")).at(-1)?.data).toEqual({ iterations: 100_000, source: "home" });
  });

  it("takes a key from a file, and keeps the old one until the next start", async () => {
    const file = join(bench.paths.home, "new-key");
    writeFileSync(file, `${NEW_SECRET}\n`);
    const { exitCode, err } = await bench.run("rotate-master-key", "--new-key-file", file, "--iterations", "120000");
    expect(exitCode).toBe(0);
    expect(err[0]).toContain("Before the next start");
    expect((await openKeyring(bench.paths, { OPENCLAW_MASTER_KEY: NEW_SECRET })).iterations).toBe(120_000);
    await openKeyring(bench.paths, {});
  });

  it.each([
    ["a short key", "too short", "shorter than 24 characters"],
    ["a file that is not there", undefined, "--new-key-file"],
  ])("refuses %s and changes nothing", async (_what, text, message) => {
    const file = join(bench.paths.home, "bad-key");
    rmSync(file, { force: true });
    if (text !== undefined) {
      writeFileSync(file, text);
    }
    const before = readFileSync(keyringFile(bench.paths), "utf8");
    const count = (await recorded("key.master_rotated")).length;
    const { exitCode, err } = await bench.run("rotate-master-key", "--new-key-file", file);
    expect(exitCode).not.toBe(0);
    expect(err.at(-1)).toContain(message);
    expect(readFileSync(keyringFile(bench.paths), "utf8")).toBe(before);
    expect(await recorded("key.master_rotated")).toHaveLength(count);
  });

  it("changes nothing when the change cannot be put on record", async () => {
    const before = [keyringFile(bench.paths), masterSecretFile(bench.paths)].map((file) => readFileSync(file, "utf8"));
    await bench.sql(
      "REVOKE INSERT ON audit_intake FROM openclaw_app; REVOKE INSERT (events) ON audit_intake FROM openclaw_app",
    );
    try {
      await expect(bench.run("rotate-master-key")).rejects.toThrow();
    } finally {
      await bench.sql("GRANT INSERT (events) ON audit_intake TO openclaw_app");
    }
    expect([keyringFile(bench.paths), masterSecretFile(bench.paths)].map((file) => readFileSync(file, "utf8"))).toEqual(
      before,
    );
  });
});

describe("DATA-6 rotate-data-key, list-keys", () => {
  it("adds a key for one purpose; the list shows which one seals, and no key", async () => {
    const { exitCode, out } = await bench.run("rotate-data-key", "--purpose", "database", "--json");
    expect(exitCode).toBe(0);
    const [added] = JSON.parse(out.join("\n")) as { purpose: string; id: string }[];
    expect(added?.purpose).toBe("database");
    const listed = await bench.run("list-keys", "--json");
    const { keys } = JSON.parse(listed.out.join("\n")) as { keys: { purpose: string; id: string; state: string }[] };
    expect(
      keys.filter(({ purpose }) => purpose === "database").map(({ id, state }) => [id === added?.id, state]),
    ).toEqual([
      [false, "opens only"],
      [true, "seals"],
    ]);
    for (const { key } of (await openKeyring(bench.paths, {})).list()) {
      expect(listed.out.join("")).not.toContain(key.toString("base64"));
    }
    expect((await recorded("key.data_rotated")).at(-1)).toMatchObject({
      target: added?.id,
      data: { purpose: "database" },
    });
  });
});
