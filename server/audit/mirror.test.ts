import {
  appendFileSync,
  copyFileSync,
  linkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SealedRow } from "#server/audit/chain.ts";
import type { ExpiredFile } from "#server/audit/files/retention.ts";
import { readRecord, readRecordLines } from "#server/audit/files/read-files.ts";
import { mirrorLine, readMirrorEnd, type Mirror } from "#server/audit/mirror.ts";
import { DAY } from "#server/config/units.ts";
import { linesOf, nothingRemoved, openRecordFolder, type RecordFolder } from "../../tests/support/record-folder.ts";
import { sealedRows } from "../../tests/support/record-rows.ts";

const CANARY = "canary-7d1f03c2";
let folder: RecordFolder;
let written: string[];
let opened: Mirror[];

beforeEach(async () => {
  folder = await openRecordFolder();
  written = [];
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((mirror) => mirror.close()));
  folder.remove();
});

async function open(): Promise<Mirror> {
  const mirror = await folder.open();
  opened.push(mirror);
  return mirror;
}

async function add(mirror: Mirror, count: number, at?: Date): Promise<SealedRow[]> {
  const rows = sealedRows(written.length + 1, count, { text: CANARY, ...(at !== undefined && { at }) });
  await mirror.append(rows);
  written.push(...rows.map(mirrorLine));
  return rows;
}

/** One file per append, packed before it returns. */
async function addPacked(mirror: Mirror, count: number, at?: Date): Promise<void> {
  const { maxFileBytes } = folder.settings;
  folder.settings.maxFileBytes = 1;
  await add(mirror, count, at);
  folder.settings.maxFileBytes = maxFileBytes;
  await expect
    .poll(() => folder.names().filter((name) => /^audit-[\d-]+\.log(\.gz\.new|\.gz\.enc\.new)?$/.test(name)))
    .toEqual([]);
}

const plainBytes = (): string[] => folder.names().filter((name) => folder.bytesOf(name).includes(CANARY));

describe("the record's file", () => {
  test("AUD-3 each line is encrypted, the last one is given plain, and nothing of a row can be read in the file", async () => {
    const mirror = await open();
    expect(await mirror.lastLine()).toBeUndefined();
    await add(mirror, 5);
    expect(await mirror.lastLine()).toBe(written[4]);
    expect(await folder.lines()).toEqual(written);
    expect(folder.bytesOf("audit.log").toString("utf8")).toMatch(
      /^(\{"seq":\d,"key":"[0-9a-f]{12}","box":"[^"]+"\}\n){5}$/,
    );
    expect(plainBytes()).toEqual([]);
    expect(await readMirrorEnd(folder.file, folder.keyring)).toBe(written[4]);
    await expect(readMirrorEnd(folder.file, null)).rejects.toMatchObject({ code: "CANNOT_DECRYPT" });
  });

  test("AUD-3 without encryption the lines are plain, and no key is asked for", async () => {
    folder.settings.encryption = false;
    const mirror = await open();
    await add(mirror, 5);
    expect(folder.bytesOf("audit.log").toString("utf8")).toBe(`${written.join("\n")}\n`);
    expect(await readMirrorEnd(folder.file, null)).toBe(written[4]);
  });

  test("AUD-3 DATA-6 a data key rotated in the middle: old lines stay readable, new ones carry the new key", async () => {
    const mirror = await open();
    await add(mirror, 2);
    const newKey = await folder.rotateKey();
    await expect.poll(() => folder.keyring.current("audit-log").id, { timeout: 5_000 }).toBe(newKey);
    await add(mirror, 2);
    const keys =
      folder
        .bytesOf("audit.log")
        .toString("utf8")
        .match(/"key":"[0-9a-f]{12}"/g) ?? [];
    expect(new Set(keys).size).toBe(2);
    expect(await folder.lines()).toEqual(written);
    await addPacked(mirror, 1);
    expect(await folder.lines()).toEqual(written);
    expect(folder.bytesOf("audit-1-5.log.gz.enc").toString("latin1")).toContain(newKey);
  });

  test("AUD-3 encryption switched while running: lines of both kinds are read, and plain ones do not outlive its return", async () => {
    const mirror = await open();
    await add(mirror, 2);
    folder.settings.encryption = false;
    await add(mirror, 2);
    expect(plainBytes()).toEqual(["audit.log"]);
    expect(await folder.lines()).toEqual(written);
    folder.settings.encryption = true;
    await add(mirror, 2);
    await expect.poll(plainBytes).toEqual([]);
    expect(folder.names()).toEqual(["audit-1-4.log.gz.enc", "audit.log"]);
    expect(await folder.lines()).toEqual(written);
  });

  test("AUD-3 a plain file of an earlier version is encrypted with the first tidying", async () => {
    folder.settings.encryption = false;
    await add(await open(), 3);
    folder.settings.encryption = true;
    const mirror = await open();
    await mirror.tidy(new Date(), nothingRemoved);
    await expect.poll(plainBytes).toEqual([]);
    await add(mirror, 1);
    expect(await folder.lines()).toEqual(written);
  });

  test("DATA-4 all files have the configured mode, whatever the umask, also after it changed", async () => {
    const umasks = [0o077, 0o000];
    for (const [round, umask] of umasks.entries()) {
      const before = process.umask(umask);
      try {
        const mirror = await open();
        await addPacked(mirror, 2);
        await add(mirror, 1);
        await mirror.close();
      } finally {
        process.umask(before);
      }
      expect(folder.names()).toHaveLength(round + 2);
      expect(folder.names().map((name) => folder.modeOf(name))).toEqual(folder.names().map(() => "640"));
    }
    const mirror = await open();
    folder.settings.mode = 0o600;
    await add(mirror, 1);
    expect(folder.modeOf("audit.log")).toBe("600");
  });
});

describe("rotation", () => {
  test.each([
    [true, true, ".log.gz.enc"],
    [true, false, ".log.enc"],
    [false, true, ".log.gz"],
    [false, false, ".log"],
  ])("AUD-3 encryption %s, compression %s: rotated files are %s", async (encryption, compression, ending) => {
    Object.assign(folder.settings, { encryption, compression, maxFileBytes: 2_000 });
    const mirror = await open();
    for (let round = 0; round < 6; round += 1) {
      await add(mirror, 3);
    }
    const expected = (encryption ? ["1-3", "13-15", "16-18", "4-6", "7-9", "10-12"] : ["1-6", "7-12", "13-18"])
      .map((rows) => `audit-${rows}${ending}`)
      .concat("audit.log")
      .sort();
    await expect.poll(() => folder.names()).toEqual(expected);
    expect(await folder.lines()).toEqual(written);
    expect(await mirror.lastLine()).toBe(written.at(-1));
    expect(await (await open()).lastLine()).toBe(written.at(-1));
    expect(plainBytes()).toEqual(encryption || compression ? [] : expected.slice(0, -1));
  });

  test("AUD-3 without encryption a line that was sealed stays sealed in the archive", async () => {
    const mirror = await open();
    await add(mirror, 2);
    folder.settings.encryption = false;
    await addPacked(mirror, 2);
    const stored = gunzipSync(folder.bytesOf("audit-1-4.log.gz")).toString("utf8").trimEnd().split("\n");
    expect(stored.slice(2)).toEqual(written.slice(2));
    expect(stored.slice(0, 2).every((line) => line.startsWith('{"seq":'))).toBe(true);
    expect(await folder.lines()).toEqual(written);
  });

  test("AUD-3 many files are read in the order of their rows, and files of others in the folder are left alone", async () => {
    const mirror = await open();
    const strangers = ["audit-1-5.txt", "audit-old.log", "audit-1-5.log.bak", "other-1-5.log"];
    strangers.forEach((name) => writeFileSync(join(folder.logs, name), "x\n"));
    for (let round = 0; round < 12; round += 1) {
      await addPacked(mirror, 1);
    }
    expect(await folder.lines()).toEqual(written);
    await mirror.tidy(new Date(), nothingRemoved);
    expect(folder.names()).toEqual(expect.arrayContaining(strangers));
  });

  test("AUD-3 a file that cannot be packed stays as it is, is named in the log, and appending goes on", async () => {
    const mirror = await open();
    await add(mirror, 3);
    const stored = folder.bytesOf("audit.log");
    stored.write("XXXX", 200);
    writeFileSync(folder.file, stored);
    folder.settings.maxFileBytes = 1;
    await add(mirror, 1);
    await expect.poll(() => folder.errors).toHaveLength(1);
    expect(JSON.stringify(folder.errors)).toMatch(/audit-1-4\.log.*Line 1 of/);
    expect(folder.names()).toEqual(["audit-1-4.log", "audit.log"]);
    await add(mirror, 1);
    await expect.poll(() => folder.names()).toEqual(["audit-1-4.log", "audit-5-5.log.gz.enc", "audit.log"]);
  });
});

describe("whatever moment a crash came", () => {
  async function expectMadeGood(): Promise<void> {
    const mirror = await open();
    expect(await mirror.lastLine()).toBe(written.at(-1));
    await mirror.tidy(new Date(), nothingRemoved);
    await expect.poll(() => folder.names()).toEqual(["audit-1-6.log.gz.enc", "audit.log"]);
    expect(await folder.lines()).toEqual(written);
    await add(mirror, 2);
    expect(await folder.lines()).toEqual(written);
    expect(plainBytes()).toEqual([]);
  }

  const at = (name: string): string => join(folder.logs, name);

  test("AUD-11 between the old file's new name and the new file", async () => {
    const mirror = await open();
    await add(mirror, 6);
    await mirror.close();
    linkSync(folder.file, at("audit-1-6.log"));
    linkSync(folder.file, at("audit.log.set-aside-17"));
    writeFileSync(at("audit.log.new"), "");
    expect(await folder.lines()).toEqual(written);
    await (await open()).close();
    expect(folder.names()).toEqual(["audit.log"]);
    renameSync(folder.file, at("audit-1-6.log"));
    expect(await folder.lines()).toEqual(written);
    await expectMadeGood();
  });

  test("AUD-11 while the archive was being written", async () => {
    const mirror = await open();
    await add(mirror, 6);
    await mirror.close();
    renameSync(folder.file, at("audit-1-6.log"));
    writeFileSync(folder.file, "");
    writeFileSync(at("audit-1-6.log.gz.enc.new"), "half of it");
    expect(await folder.lines()).toEqual(written);
    await expectMadeGood();
  });

  test("AUD-11 between the finished archive and the removal of what it was made from", async () => {
    const mirror = await open();
    await add(mirror, 6);
    copyFileSync(folder.file, at("kept"));
    await mirror.tidy(new Date(Date.now() + 31 * DAY), nothingRemoved);
    await expect.poll(() => folder.names()).toEqual(["audit-1-6.log.gz.enc", "audit.log", "kept"]);
    await mirror.close();
    renameSync(at("kept"), at("audit-1-6.log"));
    expect(await folder.lines()).toEqual(written);
    await expectMadeGood();
  });

  test("AUD-11 in the middle of a line", async () => {
    const mirror = await open();
    await addPacked(mirror, 6);
    await mirror.close();
    writeFileSync(folder.file, '{"seq":7,"key":"0123');
    await expectMadeGood();
  });
});

describe("files that differ from the database", () => {
  test("AUD-4 an edited, foreign or unreadable last line equals no row; its file is kept aside, and the one before it speaks", async () => {
    const mirror = await open();
    await addPacked(mirror, 3);
    await add(mirror, 2);
    await mirror.close();
    truncateSync(folder.file, statSync(folder.file).size - 9);
    appendFileSync(folder.file, 'AAAAA"}\n');
    const second = await open();
    expect(written).not.toContain(await second.lastLine());
    await second.setAside();
    expect(await second.lastLine()).toBe(written[2]);
    expect(folder.names()).toEqual([
      "audit-1-3.log.gz.enc",
      "audit.log",
      expect.stringMatching(/^audit\.log\.set-aside-\d+$/),
    ]);
    const whole = folder.bytesOf("audit-1-3.log.gz.enc");
    writeFileSync(join(folder.logs, "audit-1-3.log.gz.enc"), whole.subarray(0, -1));
    const third = await open();
    expect(await third.lastLine()).toBe("");
    await third.setAside();
    expect(await third.lastLine()).toBeUndefined();
    written = [];
    await add(third, 4);
    expect(await folder.lines()).toEqual(written);
  });
});

describe("retention", () => {
  const NOW = new Date("2026-11-25T12:00:00Z");
  const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY);
  let removed: ExpiredFile[];

  beforeEach(() => {
    removed = [];
  });

  async function tidy(mirror: Mirror): Promise<void> {
    await mirror.tidy(NOW, (files) => {
      removed.push(...files);
      // On record before it happens.
      expect(folder.names()).toEqual(
        expect.arrayContaining(files.map(({ path }) => path.slice(folder.logs.length + 1))),
      );
      return Promise.resolve();
    });
  }

  test("AUD-3 removes the files whose newest row is older, and no other, after the removal was recorded", async () => {
    folder.settings.retentionMs = 30 * DAY;
    const mirror = await open();
    await addPacked(mirror, 2, daysAgo(40));
    await addPacked(mirror, 2, daysAgo(31));
    await addPacked(mirror, 2, daysAgo(29));
    await add(mirror, 2, NOW);
    await tidy(mirror);
    expect(removed).toEqual([
      { path: join(folder.logs, "audit-1-2.log.gz.enc"), rows: { firstSeq: 1, lastSeq: 2 } },
      { path: join(folder.logs, "audit-3-4.log.gz.enc"), rows: { firstSeq: 3, lastSeq: 4 } },
    ]);
    expect(folder.names()).toEqual(["audit-5-6.log.gz.enc", "audit.log"]);
    expect(await folder.lines()).toEqual(written.slice(4));
  });

  test("AUD-3 one that is not recorded is not removed", async () => {
    const mirror = await open();
    await addPacked(mirror, 2, daysAgo(400));
    await expect(mirror.tidy(NOW, () => Promise.reject(new Error("no record")))).rejects.toThrow("no record");
    expect(folder.names()).toContain("audit-1-2.log.gz.enc");
  });

  test("AUD-3 a quiet gateway's file is rotated by age, so that its oldest rows leave in time", async () => {
    folder.settings.retentionMs = 30 * DAY;
    const mirror = await open();
    await add(mirror, 1, daysAgo(5));
    await add(mirror, 1, daysAgo(1));
    await tidy(mirror);
    await expect.poll(() => folder.names()).toEqual(["audit-1-2.log.gz.enc", "audit.log"]);
    await add(mirror, 1, daysAgo(1));
    await tidy(mirror);
    expect(folder.names()).toEqual(["audit-1-2.log.gz.enc", "audit.log"]);
    expect(removed).toEqual([]);
  });

  test("AUD-3 a row dated into the future does not keep its file for ever, and a file set aside leaves too", async () => {
    const mirror = await open();
    await addPacked(mirror, 1, new Date("9999-01-01T00:00:00Z"));
    expect(statSync(join(folder.logs, "audit-1-1.log.gz.enc")).mtimeMs).toBeLessThanOrEqual(Date.now());
    await add(mirror, 1);
    const aside = await mirror.setAside();
    const old = daysAgo(366);
    [aside, join(folder.logs, "audit-1-1.log.gz.enc")].forEach((path) => utimesSync(path, old, old));
    await tidy(mirror);
    expect(removed).toContainEqual({ path: aside, rows: null });
    expect(folder.names()).toEqual(["audit.log"]);
  });
});

describe("readRecordLines", () => {
  test("AUD-3 refuses a damaged archive by its name, wherever it was cut or changed", async () => {
    folder.settings.maxFileBytes = 1;
    const mirror = await open();
    await add(mirror, 40);
    const name = "audit-1-40.log.gz.enc";
    await expect.poll(() => folder.names()).toEqual([name, "audit.log"]);
    const whole = folder.bytesOf(name);
    const damages = [0, 5, 60, whole.length - 17, whole.length - 1].map((length) => whole.subarray(0, length));
    for (let at = 0; at < whole.length; at += 53) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      damages.push(changed);
    }
    damages.push(Buffer.concat([whole, Buffer.of(0)]));
    for (const damage of damages) {
      writeFileSync(join(folder.logs, name), damage);
      await expect(folder.lines()).rejects.toThrow(name);
    }
    writeFileSync(join(folder.logs, name), whole);
    expect(await folder.lines()).toEqual(written);
  });

  test("AUD-3 refuses a cut or replaced compressed file, an edited line and an unfinished one, with file and line", async () => {
    folder.settings.encryption = false;
    const mirror = await open();
    await addPacked(mirror, 40);
    const name = "audit-1-40.log.gz";
    const whole = folder.bytesOf(name);
    for (const damage of [whole.subarray(0, 0), whole.subarray(0, 30), whole.subarray(0, -1), gzipSync("")]) {
      writeFileSync(join(folder.logs, name), damage);
      await expect(folder.lines()).rejects.toThrow(name);
    }
    writeFileSync(join(folder.logs, name), whole);
    folder.settings.encryption = true;
    await add(mirror, 3);
    const live = folder.bytesOf("audit.log").toString("utf8");
    writeFileSync(folder.file, live.replace(/("seq":42.{200})./, "$1#"));
    await expect(folder.lines()).rejects.toThrow(`Line 2 of ${folder.file}`);
    writeFileSync(folder.file, live.replace('"seq":42', '"seq":43'));
    await expect(folder.lines()).rejects.toMatchObject({ code: "CANNOT_DECRYPT" });
    writeFileSync(folder.file, live.slice(0, -30));
    await expect(async () => {
      for await (const line of readRecordLines([folder.file], folder.keyring)) {
        expect(written).toContain(line);
      }
    }).rejects.toThrow(`${folder.file} ends in the middle of line 3`);
    expect(await folder.lines()).toEqual(written.slice(0, -1));
  });

  test("AUD-3 another home's keyring opens neither lines nor archives", async () => {
    const mirror = await open();
    await add(mirror, 2);
    const other = await openRecordFolder();
    const reading = () => linesOf(folder.file, other.keyring);
    await expect(reading()).rejects.toThrow(/Line 1 of .* which is not in the keyring/);
    await addPacked(mirror, 1);
    await expect(reading()).rejects.toThrow(/gz\.enc was sealed with .* which is not in the keyring/);
    expect(await folder.lines()).toEqual(written);
    other.remove();
  });

  test("AUD-3 a file that was packed since it was listed is read in its new form; one that never was is refused", async () => {
    const mirror = await open();
    await addPacked(mirror, 2);
    const listed = join(folder.logs, "audit-1-2.log");
    expect((await readRecordLines([listed], folder.keyring).next()).value).toBe(written[0]);
    await expect(readRecordLines([join(folder.logs, "none.log")], null).next()).rejects.toThrow("none.log");
  });

  test("AUD-3 the record is read once and without a gap while the sealer goes on rotating", async () => {
    const mirror = await open();
    await addPacked(mirror, 2);
    await add(mirror, 2);
    const reading = readRecord(folder.file, folder.keyring);
    const lines = [(await reading.next()).value];
    await addPacked(mirror, 1);
    await addPacked(mirror, 1);
    await add(mirror, 1);
    for await (const line of reading) {
      lines.push(line);
    }
    expect(lines).toEqual(written.slice(0, 4));
    expect(await folder.lines()).toEqual(written);
    await addPacked(mirror, 1);
    expect(await folder.lines()).toEqual(written);
    await mirror.close();
    rmSync(folder.file);
    expect(await folder.lines()).toEqual(written);
  });

  test("AUD-3 property: readers beside a busy writer always see the rows from the first on, each once", async () => {
    folder.settings.maxFileBytes = 3_000;
    const mirror = await open();
    await add(mirror, 1);
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 60; round += 1) {
        await add(mirror, 3);
      }
    })().finally(() => (writing = false));
    const readings: string[][] = [];
    while (writing) {
      readings.push(await folder.lines());
    }
    await writer;
    expect(readings.length).toBeGreaterThan(3);
    for (const seen of [...readings, await folder.lines()]) {
      expect(seen).toEqual(written.slice(0, seen.length));
    }
    expect(await folder.lines()).toHaveLength(181);
  });
});
