/** Folders of the embedded database: closed to others, and never a trap that somebody else laid. */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensurePrivateDir, homeClusterLayout, socketPathFits } from "#server/core/db/embedded-layout.ts";
import { ensureHome, homePaths } from "#server/core/paths.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-layout-"));
  // The database's account must be able to pass, or the data would be kept outside of the folder.
  chmodSync(folder, 0o711);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("ensurePrivateDir", () => {
  it("makes a folder for its owner alone, and closes one that was open", () => {
    const made = join(folder, "made");
    ensurePrivateDir(made, undefined);
    expect(statSync(made).mode & 0o777).toBe(0o700);
    const open = join(folder, "open");
    mkdirSync(open, { mode: 0o777 });
    ensurePrivateDir(open, undefined);
    expect(statSync(open).mode & 0o777).toBe(0o700);
  });

  it("refuses a link or a file of that name", () => {
    symlinkSync(tmpdir(), join(folder, "link"));
    writeFileSync(join(folder, "file"), "");
    for (const name of ["link", "file"]) {
      expect(() => ensurePrivateDir(join(folder, name), undefined)).toThrow(/not ours/);
    }
  });
});

describe("homeClusterLayout", () => {
  it("keeps the data in the home, or links to it from there", () => {
    const paths = homePaths(join(folder, "home"));
    ensureHome(paths);
    const layout = homeClusterLayout(paths);
    const inHome = join(paths.dataDir, "postgres");
    const link = lstatSync(inHome, { throwIfNoEntry: false });
    expect(link === undefined ? layout.dataDir === inHome : link.isSymbolicLink()).toBe(true);
    expect(statSync(paths.home).mode & 0o007).toBe(0);
    expect(statSync(layout.socketDir).mode & 0o777).toBe(0o700);
  });

  it("finds the same place again", () => {
    const paths = homePaths(join(folder, "home"));
    ensureHome(paths);
    expect(homeClusterLayout(paths)).toEqual(homeClusterLayout(paths));
  });

  it("puts the socket elsewhere when the home's path is too long for one", () => {
    const paths = homePaths(join(folder, "x".repeat(100)));
    ensureHome(paths);
    const layout = homeClusterLayout(paths);
    expect(socketPathFits(layout.socketDir)).toBe(true);
    if (!layout.socketDir.startsWith(folder)) {
      // Its own folder as an ordinary user, the folder of the whole database as root.
      rmSync(layout.dataDir.startsWith(folder) ? layout.socketDir : dirname(layout.dataDir), { recursive: true });
    }
  });
});

describe("socketPathFits", () => {
  it("counts bytes, with the name PostgreSQL adds", () => {
    expect(socketPathFits(`/${"a".repeat(87)}`)).toBe(true);
    expect(socketPathFits(`/${"a".repeat(88)}`)).toBe(false);
    expect(socketPathFits(`/${"ä".repeat(44)}`)).toBe(false);
  });
});
