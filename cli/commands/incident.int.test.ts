/** OPS-3 `openclaw incident`, against a real database, with no server running. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { registerIncidents } from "./incident.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { connectionsFile } from "#server/core/db/connections.ts";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerIncidents);
});
afterAll(() => bench.close());
afterEach(async () => {
  await bench.sql("UPDATE incident_lock SET ended_at = now(), ended_by = 'test' WHERE ended_at IS NULL");
  await bench.sql("UPDATE incident SET closed_at = now(), closed_by = 'test' WHERE closed_at IS NULL");
});

const incident = (...args: string[]) => bench.run("incident", ...args);
const json = async <Value>(...args: string[]): Promise<Value> => {
  const { out, exitCode, err } = await incident(...args, "--json");
  expect([exitCode, err]).toEqual([0, []]);
  return JSON.parse(out.join("\n")) as Value;
};
const recorded = async (event: string) =>
  bench.sql<{ event: string; actor_id: string; data: Record<string, unknown> }>(
    `SELECT event, actor_id, data FROM ${RECORDED} AS record WHERE event = '${event}' ORDER BY n`,
  );

describe("OPS-3 the red button from the command line, while no server runs", () => {
  it("asks for --yes, stops once, ends what waits, and is taken back; all of it on record", async () => {
    await bench.sql(
      `INSERT INTO run (id, state, language, code, principal_id, role_name, channel, request_id)
       VALUES ('run_waits', 'queued', 'sh', 'x', 'token:x', 'user', 'api', 'req_1')`,
    );
    expect(await incident("stop-everything", "--reason", "test")).toMatchObject({ exitCode: 2 });
    const first = await json<{ id: string; already: boolean; stored: { runs: number } }>(
      "stop-everything",
      "--yes",
      "--reason",
      "test",
    );
    expect(first).toMatchObject({ already: false, stored: { runs: 1 } });
    expect(await json("stop-everything", "--yes", "--reason", "again")).toMatchObject({ id: first.id, already: true });
    expect((await incident("status")).out[0]).toMatch(/EVERYTHING IS STOPPED/);
    expect(await bench.sql("SELECT cancel_requested_by FROM run WHERE id = 'run_waits'")).toEqual([
      { cancel_requested_by: `lock:${first.id}` },
    ]);
    expect(await incident("resume", "--reason", "over")).toMatchObject({ exitCode: 2 });
    expect(await json("resume", "--yes", "--reason", "over")).toEqual({ lifted: 1 });
    expect(await json("resume", "--yes", "--reason", "over")).toEqual({ lifted: 0 });
    expect(await recorded("incident.everything_stopped")).toMatchObject([{ actor_id: "cli", data: { runs: 1 } }]);
    expect(await recorded("incident.everything_resumed")).toMatchObject([{ actor_id: "cli", data: { why: "over" } }]);
    expect((await recorded("run.cancel_requested")).length).toBe(1);
  });

  it("without a database leaves a file that servers honour, and takes it away again", async () => {
    const file = connectionsFile(bench.paths);
    const connections = readFileSync(file, "utf8");
    const stopFile = join(bench.paths.home, "stop-everything.json");
    const dead = "postgresql://nobody@127.0.0.1:1/nothing";
    writeFileSync(file, JSON.stringify({ appUrl: dead, ownerUrl: dead, workerUrl: dead, sealerUrl: dead }), {
      mode: 0o600,
    });
    try {
      expect(await json("stop-everything", "--yes", "--reason", "dark")).toMatchObject({ id: null, file: stopFile });
      expect(JSON.parse(readFileSync(stopFile, "utf8"))).toMatchObject({ reason: "dark" });
      const back = await incident("resume", "--yes", "--reason", "light");
      expect([back.exitCode, existsSync(stopFile)]).toEqual([0, false]);
      expect(back.err.join()).toMatch(/only the file was taken away/);
    } finally {
      writeFileSync(file, connections, { mode: 0o600 });
      rmSync(stopFile, { force: true });
    }
  });
});

describe("OPS-3 locks", () => {
  it("locks for a time, is shown, and is lifted once", async () => {
    const set = await json<{ id: string }>(
      "lock",
      "user",
      "ada",
      "--reason",
      "test",
      "--for",
      "2h",
      "--message",
      "Call Bob.",
    );
    const { locks } = await json<{ locks: { id: string; kind: string; target: string; message: string }[] }>("status");
    expect(locks).toMatchObject([{ id: set.id, kind: "user", target: "ada", message: "Call Bob." }]);
    expect(await incident("lock", "user", "ada", "--reason", "test")).toMatchObject({ exitCode: 1 });
    expect(await json("unlock", set.id)).toEqual({ id: set.id });
    expect(await incident("unlock", set.id)).toMatchObject({ exitCode: 1 });
    expect(await incident("unlock", "lck_none")).toMatchObject({ exitCode: 3 });
  });

  it("the operator can lock every administrator, who cannot do that to themselves", async () => {
    expect(await json("lock", "role", "admin", "--reason", "test")).toMatchObject({ target: "admin" });
  });

  it.each<[string, string[], number, RegExp]>([
    ["a kind that is none", ["lock", "planet", "x", "--reason", "r"], 2, /write one of user, role/],
    ["everything by the wrong door", ["lock", "everything", "x", "--reason", "r"], 2, /stop-everything/],
    ["a time that is none", ["lock", "user", "x", "--reason", "r", "--for", "soon"], 2, /30m, 24h or 7d/],
    ["a role that is not there", ["lock", "role", "none", "--reason", "r"], 3, /no role "none"/],
    ["an empty reason", ["lock", "user", "x", "--reason", ""], 2, /reason: must not be empty/],
    ["a severity that is none", ["open", "--title", "x", "--severity", "bad"], 2, /severity/],
    ["a subject that is none", ["open", "--title", "x", "--severity", "low", "--subject", "ada"], 2, /user:ada/],
    ["a note without an incident", ["note", "x"], 3, /No incident is open/],
    ["a report of nothing", ["report", "--id", "inc_none"], 3, /no incident with this id/],
    ["a format that is none", ["report", "--format", "pdf"], 2, /text, md, json, html/],
  ])("bad input: %s", async (_, args, exitCode, message) => {
    const outcome = await incident(...args);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.err.at(-1)).toMatch(message);
  });

  it("a drill says what would be cut, cuts nothing and ends by itself", async () => {
    await bench.sql(
      `INSERT INTO run (id, state, language, code, principal_id, role_name, channel, request_id)
       VALUES ('run_drill', 'queued', 'sh', 'x', 'token:x', 'user', 'api', 'req_1')`,
    );
    expect(await json("drill")).toMatchObject({ stored: { runs: 1 }, servers: [] });
    expect(await bench.sql("SELECT cancel_requested_at FROM run WHERE id = 'run_drill'")).toEqual([
      { cancel_requested_at: null },
    ]);
    expect(await bench.sql("SELECT 1 FROM incident_lock WHERE ended_at IS NULL")).toEqual([]);
    expect((await recorded("incident.drill")).length).toBe(1);
  });
});

describe("OPS-3 incidents", () => {
  it("opens one, notes, locks under it, closes it and reports", async () => {
    bench.configure(
      `{ security: { incident: { contacts: [{ name: "Ada", role: "lead", email: "ada@example.com", phone: "+49 30 1234" }] } } }`,
    );
    const { id } = await json<{ id: string }>(
      "open",
      "--title",
      "Stolen laptop",
      "--severity",
      "high",
      "--subject",
      "user:ada",
    );
    expect(await incident("open", "--title", "Another", "--severity", "low")).toMatchObject({ exitCode: 1 });
    await json("note", "--kind", "question", "Was the disk encrypted?");
    await json("lock", "user", "ada", "--reason", "laptop stolen", "--incident", id);
    await json("close", "--conclusion", "It was encrypted.");
    const { out } = await incident("report", "--id", id);
    const text = out.join("\n");
    for (const part of [
      "Incident: Stolen laptop",
      "Was the disk encrypted?",
      "It was encrypted.",
      "user ada",
      "+49 30 1234",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("Still locked: user ada.");
    const file = join(bench.paths.home, "report.html");
    expect(await incident("report", "--id", id, "--format", "html", "--output", file)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>/);
    expect(await json("contacts")).toEqual([
      { name: "Ada", role: "lead", email: "ada@example.com", phone: "+49 30 1234" },
    ]);
    expect((await recorded("incident.opened")).length).toBeGreaterThan(0);
    // What somebody wrote into an incident is no part of the record.
    expect(JSON.stringify(await recorded("incident.noted"))).not.toContain("encrypted");
  });

  it("the application cannot rewrite what was noted or bring an ended lock back", async () => {
    const client = new Client({ connectionString: bench.database.appUrl });
    await client.connect();
    try {
      await expect(client.query("DELETE FROM incident_lock")).rejects.toThrow(/permission denied/);
      await expect(client.query("UPDATE incident_note SET text = 'x'")).rejects.toThrow(/permission denied/);
      await expect(client.query("UPDATE incident_lock SET target = 'x'")).rejects.toThrow(/permission denied/);
      await expect(
        client.query("UPDATE incident_lock SET ended_at = NULL, ended_by = NULL WHERE ended_at IS NOT NULL"),
      ).rejects.toThrow(/has ended/);
    } finally {
      await client.end();
    }
  });
});
