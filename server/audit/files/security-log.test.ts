import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SealedRow } from "#server/audit/chain.ts";
import type { ExpiredFile } from "#server/audit/files/retention.ts";
import { openSecurityLog, type SecurityLog } from "#server/audit/files/security-log.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { DAY } from "#server/config/units.ts";
import { sealedRows } from "../../../tests/support/record-rows.ts";

let folder: string;
let file: string;
let log: SecurityLog;
const settings = {
  kinds: ["authentication_failure", "sandbox_escape"],
  severities: ["warn", "error", "critical"],
  maxFileBytes: 1024 ** 2,
  mode: 0o640,
  retentionMs: 30 * DAY,
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-security-"));
  file = join(folder, "security.log");
  log = await openSecurityLog(file, () => settings);
});

afterEach(async () => {
  Object.assign(settings, { maxFileBytes: 1024 ** 2, mode: 0o640 });
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows 1, 2, 3 … of these kinds and severities. */
function rowsOf(...meanings: [kind: string, severity: string][]): SealedRow[] {
  return sealedRows(1, meanings.length).map(({ row, hash }, index) => {
    const [kind, severity] = meanings[index] ?? [row.kind, row.severity];
    return { row: { ...row, kind, severity }, hash };
  });
}

const text = (name = "security.log"): string => readFileSync(join(folder, name), "utf8");
const failures = (count: number): SealedRow[] =>
  rowsOf(...Array.from({ length: count }, (): [string, string] => ["authentication_failure", "warn"]));
const toText = (rows: readonly SealedRow[]): string => rows.map((row) => `${mirrorLine(row)}\n`).join("");

describe("the security log", () => {
  test("AUD-5 holds the events of the listed kinds from the set severity on, as plain lines", async () => {
    const rows = rowsOf(
      ["authentication_failure", "warn"],
      ["authentication_failure", "info"],
      ["authorization_denied", "warn"],
      ["message_receive", "critical"],
      ["sandbox_escape", "critical"],
    );
    await log.append(rows);
    expect(text()).toBe(toText([rows[0], rows[4]].filter((row) => row !== undefined)));
    expect((statSync(file).mode & 0o777).toString(8)).toBe("640");
  });

  test("AUD-5 rows that come again after a crash are not doubled, and what the crash left incomplete is written anew", async () => {
    const rows = failures(6);
    await log.append(rows.slice(0, 4));
    await log.close();
    appendFileSync(file, toText(rows.slice(4)).slice(0, 50));
    log = await openSecurityLog(file, () => settings);
    await log.append(rows.slice(2));
    expect(text()).toBe(toText(rows));
  });

  test("AUD-5 is rotated by size, also across a restart, and rotated files are removed by age", async () => {
    const rows = failures(3);
    settings.maxFileBytes = 1;
    await log.append(rows.slice(0, 2));
    expect(readdirSync(folder).sort()).toEqual(["security-1-2.log", "security.log"]);
    await log.close();
    log = await openSecurityLog(file, () => settings);
    settings.maxFileBytes = 1024 ** 2;
    await log.append(rows);
    expect(text("security-1-2.log")).toBe(toText(rows.slice(0, 2)));
    expect(text()).toBe(toText(rows.slice(2)));
    const removed: ExpiredFile[] = [];
    const record = (files: readonly ExpiredFile[]): Promise<void> => Promise.resolve(void removed.push(...files));
    await log.tidy(new Date(Date.now() + 29 * DAY), record);
    expect(removed).toEqual([]);
    await log.tidy(new Date(Date.now() + 31 * DAY), record);
    expect(removed.map(({ rows: span }) => span)).toEqual([
      { firstSeq: 1, lastSeq: 2 },
      { firstSeq: 3, lastSeq: 3 },
    ]);
    expect(readdirSync(folder)).toEqual(["security.log"]);
  });
});
