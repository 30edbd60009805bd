import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOrCreateSecret } from "#server/core/secret-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-secret-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("readOrCreateSecret", () => {
  it("makes 32 bytes once, readable by the owner alone, and leaves no draft behind", () => {
    const file = join(folder, "pepper");
    const first = readOrCreateSecret(file);
    expect(first.length).toBe(32);
    expect(readOrCreateSecret(file).equals(first)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["pepper"]);
  });

  it("refuses a damaged file instead of replacing it", () => {
    const file = join(folder, "pepper");
    writeFileSync(file, "short");
    expect(() => readOrCreateSecret(file)).toThrow(/damaged.*backup/);
  });
});
