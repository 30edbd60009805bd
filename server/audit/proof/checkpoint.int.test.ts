/** Checkpoints of a real sealer: when they appear, where, and what becomes of them after crashes and changed keys. */
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { awaitCheckpoint } from "#server/audit/export/source.ts";
import { countWaiting } from "#server/audit/intake.ts";
import { readCheckpoint } from "#server/audit/proof/checkpoint.ts";
import { readSealerState } from "#server/audit/key-files.ts";
import { readPublicKey } from "#server/audit/proof/signing-key.ts";
import { openRecordBench, type RecordBench } from "../../../tests/support/record-bench.ts";

let bench: RecordBench;

beforeEach(async () => {
  bench = await openRecordBench();
});

afterEach(() => bench.close());

const fileText = (): string => readFileSync(bench.checkpointFile, "utf8");
const blocks = (notes: readonly { note: string }[]): string => notes.map(({ note }) => `${note}\n`).join("");
const keyFile = (name: string): string => join(bench.paths.keysDir, name);

describe("checkpoints", () => {
  test("AUD-4 ten thousand rows, ten seconds or the end bring one; the file holds the same notes", async () => {
    await bench.append(0, 3);
    const sealer = await bench.open();
    // At the start of a sealer everything is signed; what comes then waits for more or for its time.
    await expect.poll(async () => (await bench.notes()).map(({ seq }) => seq)).toEqual([3]);
    await bench.append(3, 10_000);
    await expect.poll(async () => (await bench.notes()).at(-1)?.seq, { timeout: 8_000 }).toBe(10_003);
    await bench.append(10_003, 5);
    await expect.poll(() => countWaiting(bench.pool)).toBe(0);
    expect((await bench.notes()).at(-1)?.seq).toBe(10_003);
    await expect.poll(async () => (await bench.notes()).at(-1)?.seq, { timeout: 15_000 }).toBe(10_008);
    await bench.append(10_008, 2);
    await sealer.close();
    const notes = await bench.notes();
    expect(notes.map(({ seq }) => seq)).toEqual([3, 10_003, 10_008, 10_010]);
    expect(fileText()).toBe(blocks(notes));
    expect((statSync(bench.checkpointFile).mode & 0o777).toString(8)).toBe("640");
    const key = readPublicKey(bench.paths.keysDir);
    expect(key).not.toBeNull();
    expect(notes.map(({ note }) => (key === null ? null : readCheckpoint(note, key)))).toMatchObject(
      notes.map(({ seq }) => ({ size: seq })),
    );
    expect(await bench.verify()).toMatchObject({ sound: true, head: { seq: 10_010 }, covered: 10_010, chained: true });
  }, 30_000);

  test("AUD-4 one is signed at once for somebody who waits for it, and not over and over", async () => {
    const sealer = await bench.open();
    await bench.append(0, 3);
    await expect.poll(() => countWaiting(bench.pool)).toBe(0);
    const asked = performance.now();
    expect(await awaitCheckpoint(bench.pool, 3, 5_000)).toBe(true);
    expect(performance.now() - asked).toBeLessThan(4_000);
    await bench.append(3, 1);
    expect(await awaitCheckpoint(bench.pool, 4, 5_000)).toBe(true);
    const [first, second] = (await bench.notes()).slice(-2);
    expect([first?.seq, second?.seq]).toEqual([3, 4]);
    await sealer.close();
  }, 30_000);

  test("AUD-4 counts of each hour follow what is sealed", async () => {
    await bench.append(0, 30);
    await bench.append(30, 5, 2);
    await bench.sealAll();
    await bench.append(35, 10);
    await bench.sealAll();
    const counted = await bench.pool.query(
      "SELECT hour, event, outcome, count, min_seq, max_seq FROM audit_tally ORDER BY min_seq",
    );
    const found = await bench.pool.query(
      `SELECT date_trunc('hour', at, 'UTC') AS hour, event, outcome, count(*) AS count, min(seq) AS min_seq, max(seq) AS max_seq
       FROM audit_event GROUP BY 1, 2, 3 ORDER BY 5`,
    );
    expect(counted.rows).toEqual(found.rows);
    expect(counted.rows.length).toBeGreaterThanOrEqual(2);
  });

  test("AUD-4 a lost, torn or shortened file is made good from the database", async () => {
    await bench.append(0, 5);
    await bench.sealAll();
    await bench.append(5, 5);
    await bench.sealAll();
    const whole = fileText();
    const damages = [
      () => rmSync(bench.checkpointFile),
      () => truncateSync(bench.checkpointFile, whole.length - 20),
      () => truncateSync(bench.checkpointFile, 10),
      () => truncateSync(bench.checkpointFile, 0),
      () => appendFileSync(bench.checkpointFile, "openclaw-gateway/torn\n12"),
    ];
    for (const damage of damages) {
      damage();
      await bench.sealAll();
      expect(fileText()).toBe(whole);
    }
  });

  test("AUD-4 a state of the version before has its tree built once, and goes on", async () => {
    await bench.append(0, 30);
    await bench.sealAll();
    const file = keyFile("audit-sealer.json");
    const { roots: _roots, ...before } = JSON.parse(readFileSync(file, "utf8")) as { roots: string[] };
    writeFileSync(file, JSON.stringify({ ...before, version: 1 }));
    await bench.append(30, 10);
    await bench.sealAll();
    expect(readSealerState(bench.paths.keysDir)).toMatchObject({ seq: 40, range: { size: 40 } });
    expect(await bench.verify()).toMatchObject({ sound: true, head: { seq: 40 }, covered: 40 });
  });

  test("AUD-4 the tree of old rows is not built over changed ones, and a missing signing key is not replaced", async () => {
    await bench.append(0, 30);
    await bench.sealAll();
    const state = readFileSync(keyFile("audit-sealer.json"), "utf8");
    const { roots: _roots, ...before } = JSON.parse(state) as { roots: string[] };
    writeFileSync(keyFile("audit-sealer.json"), JSON.stringify({ ...before, version: 1 }));
    await bench.tamper("UPDATE audit_event SET user_id = 'mallory' WHERE seq = 12");
    await expect(bench.open()).rejects.toThrow("are not those of their checkpoint");
    writeFileSync(keyFile("audit-sealer.json"), state);

    const signing = readFileSync(keyFile("audit-signing.json"), "utf8");
    rmSync(keyFile("audit-signing.json"));
    await expect(bench.open()).rejects.toThrow("audit-signing.json");
    const other = await openRecordBench();
    await other.append(0, 1);
    await other.sealAll();
    writeFileSync(keyFile("audit-signing.json"), readFileSync(join(other.paths.keysDir, "audit-signing.json")));
    await other.close();
    await expect(bench.open()).rejects.toThrow("is not signed by the key in audit-signing.json");
    writeFileSync(keyFile("audit-signing.json"), signing);
    await bench.sealAll();
  });

  test("AUD-4 a checkpoint of rows that are gone stops the sealer, whatever the key file says", async () => {
    await bench.append(0, 10);
    await bench.sealAll();
    const older = readFileSync(keyFile("audit-sealer.json"), "utf8");
    await bench.append(10, 10);
    await bench.sealAll();
    await bench.tamper("DELETE FROM audit_event WHERE seq > 10");
    writeFileSync(keyFile("audit-sealer.json"), older);
    truncateSync(bench.mirrorFile, 0);
    await expect(bench.open()).rejects.toThrow("rows were cut off");
  });
});
