import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "pg";
import { registerReport } from "./security-report.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { insertSealed, type TestRow } from "../../tests/support/audit-rows.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

const DAY_MS = 86_400_000;
let bench: CliBench;

interface ReportJson {
  format: string;
  attention: { urgency: string; text: string }[];
  failuresByReason: { values: (string | null)[]; count: number }[];
  failuresByAddress: { values: (string | null)[]; count: number }[];
  denials: { values: (string | null)[]; count: number }[];
  limits: { values: (string | null)[]; count: number }[];
  runEnds: { values: (string | null)[]; count: number }[];
  fileEvents: { values: (string | null)[]; count: number }[];
  incidents: { event: string }[];
  tokens: { event: string; target: string }[];
  changes: { event: string }[];
  buckets: { event: string; count: number }[];
  bucketsBefore: { event: string; count: number }[];
  integrity: { head: number; headHash: string; checkpoint: null; waiting: number };
}

const refused = (address: string, reason: string, data: TestRow["data"] = {}): Omit<TestRow, "at"> => ({
  event: "auth.token_rejected",
  outcome: "denied",
  actorType: "anonymous",
  actorId: address,
  address,
  reason,
  data,
});

beforeAll(async () => {
  bench = await openCliBench((program, context) => registerReport(program.command("security"), context));
  const yesterday: Omit<TestRow, "at">[] = [
    refused("203.0.113.9", "unknown_token", { count: 40 }),
    refused("203.0.113.9", "unknown_token"),
    refused("203.0.113.10", "missing", { count: "many" }),
    refused("203.0.113.10", "missing", { count: -5 }),
    { event: "access.denied", outcome: "denied", userId: "user1", reason: "command_denied", because: "roles.user" },
    {
      event: "limit.exceeded",
      outcome: "denied",
      userId: "user1",
      reason: "rate_limited",
      because: "rateLimit.perUser",
    },
    { event: "run.ended", reason: "finished", target: "run_1" },
    { event: "run.ended", reason: "timeout", target: "run_2", outcome: "failed" },
    { event: "sandbox.escape_attempt", outcome: "denied", target: "run_2", data: { evidence: "stray" } },
    { event: "file.refused", outcome: "denied", reason: "extension_denied" },
    { event: "token.created", target: "tok1" },
    { event: "token.revoked", target: "tok1" },
    { event: "role.changed", target: "admin" },
    { event: "system.started" },
  ];
  const now = Date.now();
  const owner = new Client({ connectionString: bench.database.ownerUrl });
  await owner.connect();
  await insertSealed(
    (text, values) => owner.query(text, values),
    [
      { ...refused("198.51.100.1", "unknown_token"), at: now - 10 * DAY_MS },
      { event: "message.received", at: now - 20 * DAY_MS },
      ...yesterday.map((row) => ({ ...row, at: now - DAY_MS })),
    ],
  );
  await owner.end();
});
afterAll(() => bench.close());

const report = (...options: string[]) => bench.run("security", "report", ...options);

describe("openclaw security report", () => {
  test("AUD-8 --last 7d, as the guide writes it, is a readable summary", async () => {
    const { out, exitCode } = await report("--last", "7d");
    expect(exitCode).toBe(0);
    const text = out.join("\n");
    expect(text).toContain("What deserves attention first\n  NOW   A program tried to get out of its sandbox once.");
    expect(text).toMatch(/Failed authentications +4 +1 +\+300 %/);
    expect(text).toMatch(/ 203\.0\.113\.9 +41 /);
  });

  test("AUD-8 the facts are those of the period, and refusals recorded together count as many as they were", async () => {
    const facts = JSON.parse((await report("--last", "7d", "--format", "json")).out.join("\n")) as ReportJson;
    expect(facts.format).toBe("openclaw-security-report/1");
    const counted = (groups: ReportJson["limits"]) => groups.map(({ values, count }) => [...values, count]);
    expect(counted(facts.failuresByReason)).toEqual([
      ["auth.token_rejected", "unknown_token", 41],
      ["auth.token_rejected", "missing", 2],
    ]);
    expect(counted(facts.failuresByAddress)).toEqual([
      ["203.0.113.9", 41],
      ["203.0.113.10", 2],
    ]);
    expect(counted(facts.denials)).toEqual([["user1", "access.denied", "command_denied", "roles.user", 1]]);
    expect(counted(facts.limits)).toEqual([["user1", "rate_limited", "rateLimit.perUser", 1]]);
    expect(counted(facts.runEnds)).toEqual([
      ["failed", "timeout", 1],
      ["ok", "finished", 1],
    ]);
    expect(counted(facts.fileEvents)).toEqual([["file.refused", "extension_denied", 1]]);
    expect(facts.incidents.map(({ event }) => event)).toEqual(["sandbox.escape_attempt"]);
    expect(facts.tokens.map(({ event }) => event)).toEqual(["token.revoked", "token.created"]);
    expect(facts.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(14);
    expect(facts.bucketsBefore).toMatchObject([{ event: "auth.token_rejected", count: 1 }]);
    expect(facts.integrity).toMatchObject({ head: 16, headHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  test("AUD-8 to a file that only its owner reads and that is never overwritten; making one is on record", async () => {
    const file = join(bench.paths.home, "report.html");
    const made = await report("--last", "7d", "--format", "html", "--out", file);
    expect([made.exitCode, made.out, made.err.at(-1)]).toEqual([0, [], `The report is in ${file}.`]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    const again = await report("--out", file);
    expect([again.exitCode, again.err.at(-1)]).toEqual([1, expect.stringContaining("never overwritten")]);
    const recorded = await bench.sql(
      `SELECT reason, actor_id, data FROM ${RECORDED} AS record WHERE event = 'audit.read' ORDER BY n DESC LIMIT 1`,
    );
    expect(recorded).toMatchObject([{ reason: "report", actor_id: "cli", data: { filter: {} } }]);
  });

  test("AUD-8 a period without events, and wrong use", async () => {
    expect((await report("--last", "1h", "--format", "md")).out.join("\n")).toContain(
      "Nothing was recorded in this period.",
    );
    await expect(report("--last", "yesterday")).rejects.toMatchObject({ code: "commander.invalidArgument" });
    await expect(report("--format", "pdf")).rejects.toMatchObject({ code: "commander.invalidArgument" });
  });
});
