/** What one command records: under one id, and no kind that the configuration leaves out. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCliBench, type CliBench } from "../tests/support/cli.ts";
import type { AuditBatchEntry } from "#server/audit/entry.ts";

const exec = promisify(execFile);
let bench: CliBench;

beforeAll(async () => {
  bench = await openCliBench(() => undefined);
});
afterAll(() => bench.close());

/** Runs the real command line. @returns what it put on record. */
async function openclaw(...args: string[]): Promise<AuditBatchEntry[]> {
  const before = await recorded();
  const env = { ...process.env, OPENCLAW_HOME: bench.paths.home };
  await exec(process.execPath, ["cli/main.ts", ...args], { env });
  return (await recorded()).slice(before.length);
}

async function recorded(): Promise<AuditBatchEntry[]> {
  const rows = await bench.sql<{ events: string }>("SELECT events FROM audit_intake ORDER BY id");
  return rows.flatMap(({ events }) => JSON.parse(events) as AuditBatchEntry[]);
}

const explain = ["security", "explain", "--role", "admin", "--channel", "api", "--command", "help"];

describe("AUD-2 the record of the command line", () => {
  it("each command has an id that joins its events, and another one has another", async () => {
    const commands = [
      await openclaw("gateway", "generate-token", "--name", "a", "--role", "user"),
      await openclaw("access", "users", "set", "ada", "--role", "user"),
      await openclaw(...explain),
    ];
    expect(commands.map((entries) => entries.map(({ event }) => event))).toEqual([
      ["token.created"],
      ["user.changed"],
      ["policy.explained"],
    ]);
    const entries = commands.flat();
    for (const { requestId, correlationId, actorType } of entries) {
      expect(requestId).toMatch(/^cmd_[0-9a-z]{20}$/);
      expect([correlationId, actorType]).toEqual([requestId, "operator"]);
    }
    expect(new Set(entries.map(({ requestId }) => requestId)).size).toBe(3);
  });

  it("kinds that are not listed are left out, management stays", async () => {
    bench.configure("{ logging: { audit: { events: [] }, security: { events: [] } } }");
    expect(await openclaw(...explain)).toEqual([]);
    expect(await openclaw("access", "users", "set", "ada", "--role", "admin")).toMatchObject([
      { event: "user.changed" },
    ]);
  });
});
