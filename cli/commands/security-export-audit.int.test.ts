import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerExportAudit } from "./security-export-audit.ts";
import { registerVerifyAudit } from "./security-verify-audit.ts";
import { recordFile } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createAuditWriter } from "#server/audit/writer.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { messageEvent, RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestSealer, YEAR_MS } from "../../tests/support/sealer.ts";

const MESSAGES = 5_200;
const DAY_MS = 86_400_000;
const failure: AuditEventInput = {
  event: "auth.token_rejected",
  outcome: "denied",
  actor: { type: "anonymous", id: "203.0.113.9" },
  address: "203.0.113.9",
  reason: "unknown_token",
  data: { agent: '=cmd|"/c calc"!A1, and more' },
};

let bench: CliBench;
let publicKey: string;

beforeAll(async () => {
  bench = await openCliBench((program, context) => {
    const security = program.command("security");
    registerExportAudit(security, context);
    registerVerifyAudit(security, context);
  });
  publicKey = join(bench.paths.keysDir, "audit-public-key.txt");
  const started = Date.now();
  const events = Array.from({ length: MESSAGES }, (_, n) => ({
    ...(n % 100 === 99 ? failure : messageEvent(n)),
    at: new Date(started - 4 * DAY_MS + n * 60_000),
  }));
  // A checkpoint in the middle: retention removes rows up to one.
  await append(events.slice(0, MESSAGES / 2));
  await seal();
  await append(events.slice(MESSAGES / 2));
  await seal();
});
afterAll(() => bench.close());

async function append(events: readonly AuditEventInput[]): Promise<void> {
  const pool = createPool({ connectionString: bench.database.appUrl, name: "test" });
  const writer = createAuditWriter({ pool, log: createLogger("test", "silent") });
  await writer.append(events);
  await writer.close();
  await pool.end();
}

/** Seals what waits and signs a checkpoint over it. */
async function seal(retentionMs = YEAR_MS): Promise<void> {
  const sealer = await openTestSealer({
    connectionString: bench.database.sealerUrl,
    keysDir: bench.paths.keysDir,
    mirrorFile: recordFile(bench.paths),
    retentionMs: () => retentionMs,
    upkeepEveryMs: 10,
  });
  if (retentionMs < YEAR_MS) {
    await expect
      .poll(async () => (await bench.sql<{ n: number }>("SELECT count(*)::int AS n FROM audit_removal"))[0]?.n)
      .toBeGreaterThan(0);
  }
  await sealer.close();
}

const fileAt = (name: string): string => join(bench.paths.home, name);
const exportTo = (name: string, ...options: string[]) =>
  bench.run("security", "export-audit", ...options, "--out", fileAt(name));
const verify = (name: string) =>
  bench.run("security", "verify-audit", "--file", fileAt(name), "--public-key", publicKey);
const text = (name: string): string => readFileSync(fileAt(name), "utf8");

interface Exported {
  from: number;
  to: number;
  records: ({ seq: number; event: string } | { omitted: { from: number; to: number } })[];
}
function held(name: string): { seq: number; event: string }[] {
  const { records } = JSON.parse(text(name)) as Exported;
  return records.filter((record) => "seq" in record);
}

describe("openclaw security export-audit", () => {
  test("AUD-9 --format json, as the guide writes it: one document that verifies offline, on standard output", async () => {
    const { out, exitCode } = await bench.run("security", "export-audit", "--format", "json");
    expect(exitCode).toBe(0);
    writeFileSync(fileAt("stdout.json"), `${out.join("\n")}\n`);
    expect(held("stdout.json").map(({ seq }) => seq)).toEqual(Array.from({ length: MESSAGES }, (_, n) => n + 1));
    expect((await verify("stdout.json")).exitCode).toBe(0);
    expect(text("stdout.json").split("\n")).toHaveLength(MESSAGES + 3);
  });

  test.each([
    ["event.json", ["--event", "authentication_failure"], MESSAGES / 100],
    ["none.json", ["--user", "nobody"], 0],
    ["period.json", ["--last", "2d"], null],
    ["old.json", ["--until", new Date(Date.now() - 3 * DAY_MS).toISOString()], null],
    ["future.json", ["--since", new Date(Date.now() + DAY_MS).toISOString()], 0],
    ["user.json", ["--user", "user3", "--last", "3d"], null],
  ])("AUD-9 a part of it (%s) verifies too, and shows that rows are left out", async (name, options, count) => {
    expect((await exportTo(name, ...options)).exitCode).toBe(0);
    expect(statSync(fileAt(name)).mode & 0o777).toBe(0o600);
    expect(await verify(name)).toMatchObject({ exitCode: 0 });
    const found = held(name).length;
    expect(count ?? found).toBe(found);
    expect(count === 0 || (found > 0 && found < MESSAGES)).toBe(true);
  });

  test("AUD-9 a record that was changed, added or left out after the export is found out", async () => {
    const lines = text("event.json").split("\n");
    const place = lines.findIndex((line) => line.includes("auth.token_rejected"));
    const forge = async (change: (copy: string[]) => void): Promise<number> => {
      const copy = [...lines];
      change(copy);
      writeFileSync(fileAt("forged.json"), copy.join("\n"));
      return (await verify("forged.json")).exitCode;
    };
    expect(await forge(() => undefined)).toBe(0);
    expect(await forge((copy) => copy.splice(place, 1))).not.toBe(0);
    expect(await forge((copy) => copy.splice(place, 0, copy[place] ?? ""))).not.toBe(0);
    expect(await forge((copy) => (copy[place] = (copy[place] ?? "").replace("203.0.113.9", "203.0.113.8")))).not.toBe(
      0,
    );
    expect(
      await forge(
        (copy) =>
          (copy[place - 1] = (copy[place - 1] ?? "").replace(
            /"root":"(.)/,
            (_all, one) => `"root":"${one === "A" ? "B" : "A"}`,
          )),
      ),
    ).not.toBe(0);
  });

  test.each(["json", "csv", "cef", "ocsf"])(
    "AUD-9 %s: an export that was cut off anywhere is continued to the same bytes",
    async (format) => {
      const options = ["--format", format, "--user", "user3"];
      expect((await exportTo(`whole.${format}`, ...options)).exitCode).toBe(0);
      const whole = readFileSync(fileAt(`whole.${format}`));
      const headEnd = whole.indexOf("\n", format === "csv" ? whole.indexOf("\n") + 1 : 0) + 1;
      const cuts = [headEnd, headEnd + 1, whole.length - 1, whole.length - 2, whole.length - 100];
      for (let part = 1; part < 12; part += 1) {
        cuts.push(headEnd + Math.floor(((whole.length - headEnd) * part) / 12));
      }
      for (const cut of cuts) {
        copyFileSync(fileAt(`whole.${format}`), fileAt(`cut.${format}`));
        truncateSync(fileAt(`cut.${format}`), cut);
        const { exitCode, err } = await exportTo(`cut.${format}`, "--format", format, "--resume");
        expect([exitCode, readFileSync(fileAt(`cut.${format}`)).equals(whole)], `cut at ${cut}: ${err.join()}`).toEqual(
          [0, true],
        );
      }
      const again = await exportTo(`whole.${format}`, ...options, "--resume");
      expect([again.exitCode, again.err]).toEqual([0, [`${fileAt(`whole.${format}`)} is complete already.`]]);
    },
  );

  test("AUD-9 CSV holds no formula, one event per line, and ends with the proof", async () => {
    await exportTo("events.csv", "--format", "csv", "--event", "authentication_failure");
    const lines = text("events.csv").split("\r\n");
    expect(lines).toHaveLength(MESSAGES / 100 + 4);
    expect(lines[2]).toContain('"{""agent"":""=cmd|\\""/c calc\\""!A1, and more""}"');
    expect(lines.at(-2)).toMatch(/^,,audit\.export_proof,.*openclaw-gateway\//);
    expect(lines.at(-1)).toBe("");
  });

  test("AUD-9 an export is on record before its first byte and at its end", async () => {
    rmSync(fileAt("event.json"));
    await exportTo("event.json", "--event", "authentication_failure");
    const rows = await bench.sql<{ reason: string; actor_id: string; data: object }>(
      `SELECT reason, actor_id, data FROM ${RECORDED} AS record WHERE event = 'audit.exported' ORDER BY n DESC LIMIT 2`,
    );
    const facts = { format: "json", from: 1, to: MESSAGES, filter: { event: "authentication_failure" } };
    expect(rows.map(({ reason, actor_id, data }) => [reason, actor_id, data])).toEqual([
      ["finished", "cli", { ...facts, rows: MESSAGES / 100 }],
      ["started", "cli", facts],
    ]);
  });

  test("AUD-9 wrong use is refused by name, and nothing is overwritten", async () => {
    const before = text("whole.json");
    const twice = await exportTo("whole.json");
    expect([twice.exitCode, twice.err.at(-1)]).toEqual([1, expect.stringContaining("never overwritten")]);
    expect(await exportTo("whole.json", "--format", "csv", "--resume")).toMatchObject({
      exitCode: 2,
      err: [expect.stringContaining("no beginning of an export as csv")],
    });
    truncateSync(fileAt("cut.json"), 5_000);
    expect(await exportTo("cut.json", "--user", "user4", "--resume")).toMatchObject({
      exitCode: 2,
      err: [expect.stringContaining("another user")],
    });
    expect(await bench.run("security", "export-audit", "--resume")).toMatchObject({
      exitCode: 2,
      err: [expect.stringContaining("--out")],
    });
    expect(await exportTo("missing/x.json")).toMatchObject({ exitCode: 2 });
    expect(await exportTo("x.json", "--event", "nonsense")).toMatchObject({ exitCode: 2 });
    await expect(bench.run("security", "export-audit", "--format", "xml")).rejects.toMatchObject({
      code: "commander.invalidArgument",
    });
    expect(text("whole.json")).toBe(before);
  });

  test("AUD-9 a row that is gone from the record is named instead of exported over", async () => {
    await bench.sql("ALTER TABLE audit_event DISABLE TRIGGER USER");
    await bench.sql("CREATE TABLE kept AS SELECT * FROM audit_event WHERE seq = 77");
    await bench.sql("DELETE FROM audit_event WHERE seq = 77");
    const { exitCode, err } = await exportTo("gap.json");
    expect([exitCode, err.at(-1)]).toEqual([1, expect.stringContaining("Row 77 is missing")]);
    await bench.sql("INSERT INTO audit_event SELECT * FROM kept");
    await bench.sql("ALTER TABLE audit_event ENABLE TRIGGER USER");
  });

  test("AUD-3 AUD-9 after retention the removed rows are stood for, and the export verifies", async () => {
    await seal(2 * DAY_MS);
    expect((await exportTo("kept.json")).exitCode).toBe(0);
    const { from, records } = JSON.parse(text("kept.json")) as Exported;
    expect(from).toBe(MESSAGES / 2 + 1);
    expect(records[0]).toMatchObject({ omitted: { from: 1, to: from - 1 } });
    expect(await verify("kept.json")).toMatchObject({ exitCode: 0 });
    expect(await exportTo("cut.json", "--resume")).toMatchObject({
      exitCode: 1,
      err: [expect.stringContaining("have been removed since")],
    });
  });
});

test("AUD-9 an empty record is exported as one", async () => {
  const empty = await openCliBench((program, context) => registerExportAudit(program.command("security"), context));
  const { out, exitCode } = await empty.run("security", "export-audit");
  expect(exitCode).toBe(0);
  expect(JSON.parse(out.join("\n"))).toMatchObject({
    record: "",
    from: 1,
    to: 0,
    records: [],
    proof: { size: 0, head: "0".repeat(64), checkpoints: [], publicKey: null, tail: [] },
  });
  await empty.close();
});
