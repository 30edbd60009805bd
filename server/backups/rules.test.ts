import { describe, expect, test } from "vitest";
import { archiveName, parseArchiveName } from "#server/backups/names.ts";
import { planKeys } from "#server/backups/restore/plan-keys.ts";
import { outdatedBackups } from "#server/backups/retention.ts";
import { createRowDigest } from "#server/backups/row-digest.ts";
import { FORMAT, type ArchiveHeader } from "#server/backups/schema.ts";
import { refuseOtherVersion } from "#server/backups/versions.ts";

const DAY = 24 * 3600 * 1000;
const NOW = Date.UTC(2026, 10, 25);

describe("DATA-5 names", () => {
  test("say when and what, and are read back", () => {
    const at = new Date(Date.UTC(2026, 10, 25, 9, 8, 7, 6));
    expect(archiveName(at, "full")).toBe("openclaw-20261125T090807006Z-full.ocgbackup");
    expect(parseArchiveName(archiveName(at, "full"))).toEqual({ createdAt: at, kind: "full" });
  });

  test.each([
    "openclaw-20261125T090807006Z-full.ocgbackup.verified.json",
    ".openclaw-20261125T090807006Z-full.ocgbackup.77.part",
    "openclaw-20261125T090807006Z-other.ocgbackup",
    "openclaw-20269925T090807006Z-full.ocgbackup",
    "mine-20261125T090807006Z-full.ocgbackup",
  ])("another file is none of ours: %s", (name) => expect(parseArchiveName(name)).toBeNull());
});

describe("DATA-5 retention", () => {
  const backup = (days: number, verified: boolean | null) => ({
    name: `d${days}`,
    createdAt: new Date(NOW - days * DAY),
    verification: verified === null ? null : { at: new Date(NOW), ok: verified },
  });

  test("removes what is older than its time", () => {
    const all = [backup(1, true), backup(89, null), backup(91, null), backup(200, true)];
    expect(outdatedBackups(all, NOW, 90 * DAY)).toEqual(["d91", "d200"]);
  });

  test("never the only one, the newest, or the newest that was proven, however old", () => {
    expect(outdatedBackups([backup(900, null)], NOW, 90 * DAY)).toEqual([]);
    expect(
      outdatedBackups([backup(300, null), backup(400, false), backup(500, true), backup(600, true)], NOW, 90 * DAY),
    ).toEqual(["d400", "d600"]);
    expect(outdatedBackups([], NOW, 90 * DAY)).toEqual([]);
  });
});

describe("DATA-5 versions", () => {
  const header: ArchiveHeader = {
    format: FORMAT,
    kind: "full",
    id: `bak_${"a".repeat(20)}`,
    createdAt: new Date(NOW).toISOString(),
    version: "1.4.0",
    schema: "20261125000000_records",
    encryption: "AES-256-GCM",
    key: { kdf: "PBKDF2-HMAC-SHA256", iterations: 1_000, salt: "", wrapped: "" },
  };
  const here = { version: "1.4.0", schema: "20261125000000_records" };

  test("the same version, and an older one with the same tables, can be used", () => {
    expect(() => refuseOtherVersion(header, here, "x", true)).not.toThrow();
    expect(() => refuseOtherVersion(header, { ...here, version: "1.10.0" }, "x", true)).not.toThrow();
  });

  test("a newer version is refused by name, also for files alone", () => {
    for (const version of ["1.3.9", "0.9.0", "1.3.10"]) {
      expect(() => refuseOtherVersion(header, { ...here, version }, "x", false)).toThrow(/made by version 1\.4\.0/);
    }
  });

  test("other tables are refused by name; files alone can be used", () => {
    const older = { ...header, version: "1.2.0", schema: "20261122000000_tables" };
    expect(() => refuseOtherVersion(older, here, "x", true)).toThrow(
      /version 1\.2\.0 with the tables of 20261122000000_tables/,
    );
    expect(() => refuseOtherVersion(older, here, "x", false)).not.toThrow();
  });
});

describe("DATA-5 keys", () => {
  const keyring = (...ids: string[]): Buffer =>
    Buffer.from(JSON.stringify({ slots: [Math.random()], keys: ids.map((id) => ({ id, wrapped: `w${id}` })) }));
  const plan = (
    backup: Record<string, Buffer>,
    home: Record<string, Buffer>,
    facts = { withData: false, hasDatabase: true },
  ) =>
    Object.fromEntries(
      planKeys({ backup: new Map(Object.entries(backup)), home: new Map(Object.entries(home)), ...facts }).map(
        ({ name, action }) => [name, action],
      ),
    );
  const [a, b] = [Buffer.from("a"), Buffer.from("b")];

  test("what is missing comes, what is the same stays, what differs is replaced", () => {
    expect(plan({ x: a, y: a, "token-pepper": a }, { y: a, "token-pepper": b })).toEqual({
      x: "new",
      y: "same",
      "token-pepper": "replace",
    });
  });

  test("a keyring that has gone on since stays; one of another home is replaced", () => {
    const backup = { "keyring.json": keyring("1", "2") };
    expect(plan(backup, { "keyring.json": keyring("1", "2", "3") })).toEqual({ "keyring.json": "keep" });
    expect(plan(backup, { "keyring.json": keyring("1", "2") })).toEqual({ "keyring.json": "keep" });
    expect(plan(backup, { "keyring.json": keyring("7") })).toEqual({ "keyring.json": "replace" });
    expect(plan(backup, { "keyring.json": Buffer.from("damaged") })).toEqual({ "keyring.json": "replace" });
  });

  test("the record's keys and the database's password stay with their rows", () => {
    const backup = { "audit-sealer.json": a, "database-owner.key": a };
    const home = { "audit-sealer.json": b, "database-owner.key": b };
    expect(plan(backup, home)).toEqual({ "audit-sealer.json": "keep", "database-owner.key": "keep" });
    expect(plan(backup, home, { withData: true, hasDatabase: false })).toEqual({
      "audit-sealer.json": "replace",
      "database-owner.key": "replace",
    });
    expect(plan(backup, {}, { withData: false, hasDatabase: false })).toEqual({
      "audit-sealer.json": "skip",
      "database-owner.key": "new",
    });
  });
});

test("DATA-5 rows are the same in whatever order, and no others are", () => {
  const digest = (...lines: string[]): string => {
    const rows = createRowDigest();
    lines.forEach((line) => rows.add(line));
    return `${rows.count()} ${rows.digest()}`;
  };
  expect(digest("a", "b", "c")).toBe(digest("c", "a", "b"));
  expect(digest("a", "b")).not.toBe(digest("a", "b", "b"));
  expect(digest("a", "a")).not.toBe(digest("b", "b"));
  expect(digest()).toBe(`0 ${"0".repeat(64)}`);
});
