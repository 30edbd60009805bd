/** Log files stay within their size and age and never throw. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_RULES, openLogFile } from "./log-file.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const modeOf = (file: string): number => statSync(file).mode & 0o777;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("openLogFile", () => {
  it("DATA-4 has the mode of the configuration, whatever the umask is", () => {
    const umask = process.umask(0o077);
    try {
      const file = join(folder, "logs", "a.log");
      openLogFile(file).write("x\n");
      expect(modeOf(file)).toBe(0o640);
      openLogFile(file, { rules: () => ({ ...DEFAULT_RULES, mode: 0o666 }) }).write("x\n");
      expect(modeOf(file)).toBe(0o666);
    } finally {
      process.umask(umask);
    }
  });

  it("DATA-4 gives files that are there the mode that is configured now", () => {
    const file = join(folder, "a.log");
    let mode = 0o640;
    const log = openLogFile(file, { maxBytes: 5, rules: () => ({ ...DEFAULT_RULES, mode }) });
    log.write("first\n");
    log.write("second\n");
    mode = 0o600;
    log.tidy();
    expect([modeOf(file), modeOf(`${file}.1`)]).toEqual([0o600, 0o600]);
  });

  it("DATA-4 removes older files past their age, and nothing else", () => {
    const file = join(folder, "a.log");
    const log = openLogFile(file, { rules: () => ({ ...DEFAULT_RULES, retentionMs: 10 * DAY_MS }) });
    log.write("now\n");
    const aged = (name: string, days: number): void => {
      writeFileSync(name, "old\n");
      utimesSync(name, new Date(), new Date(Date.now() - days * DAY_MS));
    };
    aged(`${file}.1`, 9);
    aged(`${file}.2`, 11);
    aged(join(folder, "audit.log.2"), 400);
    log.tidy();
    expect(readdirSync(folder).sort()).toEqual(["a.log", "a.log.1", "audit.log.2"]);
  });

  it("DATA-4 a log that grows slowly loses its old lines too, and keeps the new ones", () => {
    const file = join(folder, "a.log");
    let now = Date.now();
    const log = openLogFile(file, { now: () => now, rules: () => ({ ...DEFAULT_RULES, retentionMs: 10 * DAY_MS }) });
    log.write("old\n");
    now += DAY_MS;
    log.tidy();
    expect(readdirSync(folder)).toEqual(["a.log"]);
    now += 2 * DAY_MS;
    log.tidy();
    log.write("new\n");
    expect([file, `${file}.1`].map((name) => readFileSync(name, "utf8"))).toEqual(["new\n", "old\n"]);
    now += 8 * DAY_MS;
    utimesSync(file, new Date(now), new Date(now));
    log.tidy();
    expect(readdirSync(folder)).toEqual(["a.log.1"]);
    expect(readFileSync(`${file}.1`, "utf8")).toBe("new\n");
  });

  it("tidying where nothing has been written yet makes no file", () => {
    openLogFile(join(folder, "a.log")).tidy();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("rotates at its size and keeps a bounded number of older files", () => {
    const file = join(folder, "a.log");
    const log = openLogFile(file, { maxBytes: 10, keep: 2 });
    for (const line of ["first....\n", "second...\n", "third....\n", "fourth...\n"]) {
      log.write(line);
    }
    expect([file, `${file}.1`, `${file}.2`].map((name) => readFileSync(name, "utf8"))).toEqual([
      "fourth...\n",
      "third....\n",
      "second...\n",
    ]);
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it("continues a file that is there already", () => {
    const file = join(folder, "a.log");
    writeFileSync(file, "before\n");
    openLogFile(file).write("after\n");
    expect(readFileSync(file, "utf8")).toBe("before\nafter\n");
  });

  it("tells once when it cannot write, and goes on by itself later", () => {
    const blocker = join(folder, "logs");
    writeFileSync(blocker, "a file where the folder should be");
    const errors: unknown[] = [];
    const log = openLogFile(join(blocker, "a.log"), { onError: (error) => errors.push(error) });
    log.write("1\n");
    log.write("2\n");
    expect(errors).toHaveLength(1);
    rmSync(blocker);
    log.write("3\n");
    expect(readFileSync(join(blocker, "a.log"), "utf8")).toBe("3\n");
  });
});
