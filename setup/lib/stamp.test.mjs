/** Stamps: any change of an input counts, nothing else does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digest, isStamped, stamp, unstamp } from "./stamp.mjs";

let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "openclaw-stamp-"));
  mkdirSync(join(root, "src/deep"), { recursive: true });
  writeFileSync(join(root, "src/a.ts"), "a");
  writeFileSync(join(root, "src/deep/b.ts"), "b");
  writeFileSync(join(root, "src/b.test.ts"), "test");
});

afterEach(() => rmSync(root, { recursive: true }));

describe("digest", () => {
  it("changes with a content, a name and a new file", () => {
    const before = digest(["src"], { root });
    writeFileSync(join(root, "src/deep/b.ts"), "B");
    const edited = digest(["src"], { root });
    writeFileSync(join(root, "src/deep/c.ts"), "");
    const added = digest(["src"], { root });
    expect(new Set([before, edited, added]).size).toBe(3);
  });

  it("does not change with ignored files or the order of the inputs", () => {
    const ignore = (path) => path.endsWith(".test.ts");
    const before = digest(["src/a.ts", "src/deep"], { root, ignore });
    writeFileSync(join(root, "src/b.test.ts"), "other");
    expect(digest(["src/deep", "src/a.ts"], { root, ignore })).toBe(before);
  });

  it("counts a missing input as absent", () => {
    expect(digest(["nothing"], { root })).toBe(digest([], { root }));
  });
});

describe("stamp", () => {
  it("holds for the same inputs until it is taken back", () => {
    expect(isStamped("build", "1", root)).toBe(false);
    stamp("build", "1", root);
    expect(isStamped("build", "1", root)).toBe(true);
    expect(isStamped("build", "2", root)).toBe(false);
    unstamp("build", root);
    expect(isStamped("build", "1", root)).toBe(false);
  });
});
