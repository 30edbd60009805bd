/** Log files stay within their size and never throw. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLogFile } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("openLogFile", () => {
  it("AUD: is readable by its owner and group only", () => {
    const file = join(folder, "logs", "a.log");
    openLogFile(file).write("x\n");
    expect(statSync(file).mode & 0o777).toBe(0o640 & ~process.umask());
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
