import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { registerLogs } from "./logs.ts";
import { registerVerifyAudit } from "./security-verify-audit.ts";
import type { CliContext } from "../context.ts";
import { recordFile } from "#server/audit/index.ts";
import { createAuditWriter } from "#server/audit/writer.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { messageEvent } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestSealer } from "../../tests/support/sealer.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let paths: HomePaths;
let out: string[];
let err: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-logs-")));
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
  const pool = createPool({ connectionString: database.appUrl, name: "test" });
  const writer = createAuditWriter({ pool, log });
  for (let n = 0; n < 1_200; n += 100) {
    await writer.append(
      Array.from({ length: 100 }, (_, index) => ({
        ...messageEvent(n + index),
        at: new Date(Date.now() - 3 * 86_400_000),
      })),
    );
  }
  await writer.append([
    {
      event: "auth.token_rejected",
      outcome: "denied",
      actor: { type: "anonymous", id: "unknown" },
      address: "203.0.113.9",
      reason: "unknown_token",
      data: { agent: "x\u001b[2J" },
    },
  ]);
  await writer.close();
  await pool.end();
  await seal();
});

afterAll(async () => {
  rmSync(paths.home, { recursive: true, force: true });
  await database.drop();
});

beforeEach(() => {
  out = [];
  err = [];
});

async function seal(): Promise<void> {
  const { sealerUrl } = database;
  const sealer = await openTestSealer({
    connectionString: sealerUrl,
    keysDir: paths.keysDir,
    mirrorFile: recordFile(paths),
  });
  await sealer.close();
}

async function run(line: string, home: HomePaths = paths): Promise<void> {
  const context: CliContext = {
    paths: home,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    setExitCode: () => undefined,
  };
  const program = new Command("openclaw").exitOverride().configureOutput({ writeErr: () => undefined });
  registerLogs(program, context);
  registerVerifyAudit(program.command("security"), context);
  await program.parseAsync(line.split(" "), { from: "user" });
}

describe("openclaw logs", () => {
  test("AUD-7 logs audit --last 24h, as the guide writes it", async () => {
    await run("logs audit --last 24h");
    expect(out).toHaveLength(1);
    expect(out[0]).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}warn {6}auth\.token_rejected {7}denied {2}anonymous:unknown {2}reason=unknown_token {2}address=203\.0\.113\.9 {2}agent=x\\u001b\[2J$/,
    );
  });

  test("AUD-6 logs filter --event authentication --level warn, as the guide writes it", async () => {
    await run("logs filter --event authentication --level warn");
    expect(out).toHaveLength(1);
    await run("logs filter --event authorization_denied");
    expect(out).toHaveLength(1);
    expect(err).toEqual(["No event matches. Widen --last or leave out an option."]);
  });

  test("AUD-7 shows the newest in order of time, says when there are more, and pages beyond one query", async () => {
    await run("logs audit --limit 3 --json");
    expect(out.map((line) => (JSON.parse(line) as { requestId?: string }).requestId)).toEqual([
      "req_1198",
      "req_1199",
      undefined,
    ]);
    expect(err).toEqual(["Only the newest 3 are shown. Raise --limit or narrow the options."]);
    out = [];
    err = [];
    await run("logs audit --limit 10000 --json");
    expect(out).toHaveLength(1_201);
    expect(err).toEqual([]);
  });

  test("AUD-6 narrows by token, address, reason and times, and says what a page left out", async () => {
    await run("logs filter --address 203.0.113.9 --reason unknown_token");
    expect(out).toHaveLength(1);
    const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();
    await run(`logs filter --token abcdefghijkl --since ${day(4)} --until ${day(2)} --limit 1`);
    expect([out.length, err]).toEqual([2, ["Only the newest 1 are shown. Raise --limit or narrow the options."]]);
    await run(`logs audit --since ${day(2).slice(0, 10)}`);
    expect(out).toHaveLength(3);
    await run("logs filter --correlation nothing");
    expect(out).toHaveLength(3);
  });

  test("AUD-7 logs tail prints what matches and goes on until it is interrupted", async () => {
    const following = run("logs tail --event auth --limit 5");
    await expect.poll(() => out).toHaveLength(1);
    process.emit("SIGINT");
    await following;
    expect(out[0]).toContain("auth.token_rejected");
  });

  test("AUD-6 wrong use is named before anything is read", async () => {
    for (const line of [
      "--last yesterday",
      "--last 0s",
      "--limit 0",
      "--limit 1e9",
      "--level loud",
      "--outcome maybe",
      "--since yesterday",
      "--since 2026-13-01",
      "--until 2026-03-01T12:00",
    ]) {
      await expect(run(`logs filter ${line}`)).rejects.toMatchObject({ code: "commander.invalidArgument" });
    }
    await expect(run("logs filter --last 1h --since 2026-03-01")).rejects.toMatchObject({
      code: "commander.conflictingOption",
    });
    await expect(run("logs filter --since 2026-03-02 --until 2026-03-01")).rejects.toThrow("--until");
    await expect(run(`logs filter --token ${"x".repeat(300)}`)).rejects.toThrow("--token");
    await expect(run("logs filter --event nothing")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(run(`logs filter --user ${"x".repeat(300)}`)).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(out).toEqual([]);
  });

  test("AUD-7 says on standard error what is recorded but not sealed", async () => {
    const owner = createPool({ connectionString: database.ownerUrl, name: "test" });
    await owner.query("INSERT INTO audit_intake (events) VALUES ('[]'), ('[]')");
    await run("logs audit --last 24h");
    expect(out).toHaveLength(1);
    expect(err).toEqual(["2 batches of events are not sealed yet and not shown; is the sealer running?"]);
    out = [];
    await run("security verify-audit");
    expect(out[1]).toBe("Waiting for the sealer, not covered by this verdict: 2 batches of events.");
    await owner.query("DELETE FROM audit_intake");
    await owner.end();
  });

  test("says what to do when no gateway runs", async () => {
    await expect(run("logs audit", homePaths("/nonexistent"))).rejects.toThrow("npm start");
  });
});
