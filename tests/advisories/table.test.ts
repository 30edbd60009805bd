import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const rows = readFileSync(join(ROOT, "docs/advisories.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| Id") && !line.startsWith("| --"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, ids = "", , tests = ""]) => ({
    ids: ids.split(", "),
    files: [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file),
  }));

/** The file without its comments: an id counts only where it names a test. */
const namesIn = (file: string): string =>
  readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line))
    .join("\n");

describe("the table of attacks", () => {
  it("has rows", () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)("$ids: every test named for it exists and carries an id of the row in its name", ({ ids, files }) => {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      expect(
        ids.some((id) => namesIn(file).includes(id)),
        file,
      ).toBe(true);
    }
    for (const id of ids) {
      expect(
        files.some((file) => namesIn(file).includes(id)),
        id,
      ).toBe(true);
    }
  });
});
