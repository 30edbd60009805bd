import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerRuns } from "./runs.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";

let bench: CliBench;
let root: string;
const ESCAPE = "\u{1b}[2J";

beforeAll(async () => {
  bench = await openCliBench(registerRuns);
  await openTestKeyring(bench.paths.keysDir);
  root = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-cli-runs-")));
  const owner = new Client({ connectionString: bench.database.ownerUrl });
  await owner.connect();
  await owner.query(
    `INSERT INTO run (id, language, code, profile, principal_id, user_id, role_name, channel, request_id, state, reason, created_at)
     VALUES ('run_a', 'sh', 'true', 'heavy', 'token:a', NULL, 'admin', 'api', 'req_1', 'succeeded', 'exit', now() - interval '1 minute'),
            ('run_b', 'agent', 'why?', 'default', 'token:a', $1, 'user', 'slack', 'req_2', 'queued', NULL, now())`,
    [`eve${ESCAPE}`],
  );
  await owner.query("UPDATE run SET agent = 'default', model = 'openai/gpt-5-mini' WHERE id = 'run_b'");
  const events = [
    ["queued", {}],
    ["started", { attempt: 1, workerId: "wrk_1" }],
    ["stdout", { text: "one " }],
    ["usage", { memoryBytes: 1, memoryPeakBytes: 1, cpuMs: 1, processes: 1, diskBytes: 1 }],
    ["stdout", { text: "line\n2026-01-01T00:00:00.000Z  succeeded: forged\n" }],
    ["tool_call", { id: "1", tool: `shell${ESCAPE}`, input: "ls" }],
    ["tool_result", { id: "1", ok: false, output: "no" }],
    ["model", { model: "openai/gpt-5-mini", status: 200, inputTokens: 5, outputTokens: null }],
    ["egress", { host: "example.com", allowed: false }],
    ["file", { direction: "output", path: "out/a.txt", bytes: 2, verdict: "stored", reason: null }],
    ["end", { state: "succeeded", reason: "exit", exitCode: 0, message: null }],
  ] as const;
  for (const [index, [kind, data]] of events.entries()) {
    await owner.query("INSERT INTO run_event (run_id, seq, kind, data) VALUES ('run_a', $1, $2, $3)", [
      index + 1,
      kind,
      data,
    ]);
  }
  const files = [
    ["fil_1", "input", "in.txt", "stored", "in", null],
    ["fil_2", "output", "out/a.txt", "stored", "aa", null],
    ["fil_3", "output", "out/deep/b.txt", "stored", "b", null],
    ["fil_4", "output", "out/c.exe", "refused", null, "not allowed"],
    ["fil_5", "output", "../escape.txt", "stored", "evil", null],
    ["fil_6", "output", "link/d.txt", "stored", "evil", null],
  ] as const;
  for (const [id, direction, path, verdict, content, reason] of files) {
    await owner.query(
      `INSERT INTO run_file (id, run_id, direction, path, size_bytes, verdict, content, reason)
       VALUES ($1, 'run_a', $2, $3, $4, $5, $6, $7)`,
      [id, direction, path, content?.length ?? 9, verdict, content === null ? null : Buffer.from(content), reason],
    );
  }
  await owner.end();
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await bench.close();
});

test("list shows state, profile, agent, who and when, newest first", async () => {
  const { out, exitCode } = await bench.run("runs", "list");
  expect(exitCode).toBe(0);
  expect(out[0]).toMatch(/^ID +STATE +REASON +PROFILE +WHAT +WHO +CHANNEL +WHEN$/);
  expect(out[1]).toMatch(/^run_b +queued +- +default +agent default +eve\\u\{1b\}\[2J +slack +\d{4}-/);
  expect(out[2]).toMatch(/^run_a +succeeded +exit +heavy +sh +token:a +api +\d{4}-/);
  expect(JSON.parse((await bench.run("runs", "list", "--state", "queued", "--json")).out.join("\n"))).toMatchObject([
    { id: "run_b", profile: "default" },
  ]);
  expect((await bench.run("runs", "list", "--state", "failed")).err).toEqual(["There are no runs."]);
});

test("show tells the run in order; what a program printed cannot pass for ours", async () => {
  const { out } = await bench.run("runs", "show", "run_a");
  const text = out.join("\n");
  expect(out.slice(0, 2)).toEqual([
    "run_a  succeeded (exit)",
    "  sh, profile heavy, for token:a with role admin on api",
  ]);
  expect(out.filter((line) => / {2}stdout$/.test(line))).toHaveLength(1);
  expect(out).toContain("  | one line");
  expect(out).toContain("  | 2026-01-01T00:00:00.000Z  succeeded: forged");
  for (const part of [
    "calls shell\\u{1b}[2J",
    "result: failed",
    "model openai/gpt-5-mini: 200, 5 tokens in, ? out",
    "was kept from example.com",
    "output out/a.txt, 2 bytes: stored",
    "succeeded: exit, exit code 0",
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain(ESCAPE);
  expect(JSON.parse((await bench.run("runs", "show", "run_a", "--json")).out.join("\n"))).toMatchObject({
    run: { id: "run_a" },
    events: expect.arrayContaining([expect.objectContaining({ kind: "usage" })]) as unknown,
  });
  for (const command of [["show"], ["files"]]) {
    expect((await bench.run("runs", ...command, "run_none")).exitCode).toBe(3);
  }
});

test("FS-1 FS-4 files are listed and saved below the folder, never over another, never outside, each on record", async () => {
  const listed = await bench.run("runs", "files", "run_a");
  expect(listed.exitCode).toBe(0);
  expect(listed.out[0]).toMatch(/^ID +DIRECTION +VERDICT +SIZE +PATH +NOTE$/);
  expect(listed.out.join("\n")).toMatch(/fil_4 +output +refused +9 +out\/c\.exe +not allowed/);

  const folder = join(root, "save");
  const outside = join(root, "outside");
  mkdirSync(folder);
  mkdirSync(outside);
  symlinkSync(outside, join(folder, "link"));
  const saved = await bench.run("runs", "files", "run_a", "--save", folder, "--json");
  expect(saved.exitCode).toBe(4);
  expect((JSON.parse(saved.out.join("\n")) as { saved: unknown }).saved).toEqual([
    { path: "../escape.txt", problem: expect.stringContaining("leads out") as string },
    { path: "link/d.txt", problem: expect.stringContaining("symbolic link") as string },
    { path: "out/a.txt", problem: null },
    { path: "out/deep/b.txt", problem: null },
  ]);
  expect(readFileSync(join(folder, "out/deep/b.txt"), "utf8")).toBe("b");
  expect(statSync(join(folder, "out/a.txt")).mode & 0o777).toBe(0o600);
  expect([existsSync(join(root, "escape.txt")), existsSync(join(outside, "d.txt"))]).toEqual([false, false]);
  expect(await bench.sql(`SELECT count(*)::int AS n FROM ${RECORDED} AS record WHERE event = 'file.accessed'`)).toEqual(
    [{ n: 4 }],
  );

  writeFileSync(join(folder, "out/a.txt"), "mine");
  const again = await bench.run("runs", "files", "run_a", "--save", folder);
  expect([again.exitCode, again.err.join("\n")]).toEqual([4, expect.stringContaining("never overwritten")]);
  expect(readFileSync(join(folder, "out/a.txt"), "utf8")).toBe("mine");

  expect((await bench.run("runs", "files", "run_b")).err).toEqual(["No files came with this run or out of it."]);
  const inTheWay = join(root, "file");
  writeFileSync(inTheWay, "x");
  const blocked = await bench.run("runs", "files", "run_a", "--save", join(inTheWay, "below"));
  expect([blocked.exitCode, blocked.err[1]]).toEqual([4, expect.stringContaining("is no folder that can be used")]);
});
