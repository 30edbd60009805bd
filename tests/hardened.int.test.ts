/** MON-3: `openclaw.hardened.json5` on a home and database that are set up as docs/scan.md says, with a real full backup. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerBackups } from "../cli/commands/security-backup.ts";
import { openCliBench, type CliBench } from "./support/cli.ts";
import { openTestKeyring } from "./support/keyring.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { scan } from "#server/scan/index.ts";

/** What the machine of the tests has by itself: a home in a temporary folder, a database that does not wait for the disk, its own set-up. */
const OF_THE_TEST_MACHINE = /^(?:files\.temporary_home|data\.not_durable|machine\.|network\.firewall_)/;
const VARIABLES: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: "sk-ant-4c1f0a77",
  OPENCLAW_ANCHOR_URL: "https://witness.example.com/openclaw",
  OPENCLAW_SMTP_PASSWORD: "vK2q8wLs0Zt5",
};
const ENGINE = {
  reachable: true,
  endpoint: "unix:///var/run/docker.sock",
  version: "27.0.0",
  runtimes: ["runc"],
  storageDriver: "overlay2",
  image: "openclaw/sandbox:latest",
  imageDigest: `sha256:${"a".repeat(64)}`,
  loopDisks: true,
  error: null,
};

let bench: CliBench;
let elsewhere: string;
beforeAll(async () => {
  bench = await openCliBench((program, context) => registerBackups(program.command("security"), context));
  elsewhere = mkdtempSync(join(tmpdir(), "openclaw-secret-"));
  await openTestKeyring(bench.paths.keysDir);
  const { exitCode, err } = await bench.run("security", "backup-config", "--full");
  expect({ exitCode, err: exitCode === 0 ? [] : err }).toEqual({ exitCode: 0, err: [] });
  const verified = await bench.run("security", "verify-backup", "latest");
  expect(verified.exitCode).toBe(0);
  bench.configure(readFileSync(join(import.meta.dirname, "../openclaw.hardened.json5"), "utf8"));
  for (const email of ["ada@example.com", "bob@example.com"]) {
    await bench.sql(
      `INSERT INTO member (id, email, name, role_name, totp_secret, last_sign_in_at) VALUES ('${email}', '${email}', 'A', 'admin', 'x', now());
       INSERT INTO recovery_code (hash, member_id) VALUES (sha256('${email}'), '${email}')`,
    );
  }
  await bench.sql(
    `INSERT INTO contact_point (id, name, type, source, settings, secrets, receives_all) VALUES ('ctp_1', 'mail', 'email', 'database', '{}', '\\x00', true);
     INSERT INTO vulnerability_check (id, at, verdict, report) VALUES ('vul_1', now(), 'clear',
       '{"at":"${new Date().toISOString()}","verdict":"clear","checked":{"dependencies":1,"image":1},"sources":[],"notChecked":[],"findings":[]}');
     INSERT INTO worker_node (id, host, pid, version, engine, started_at, heartbeat_at) VALUES ('wrk_1', 'h', 1, '1', '${JSON.stringify(ENGINE)}', now(), now() + interval '5 minutes')`,
  );
});
afterAll(async () => {
  rmSync(elsewhere, { recursive: true, force: true });
  await bench.close();
});

test("MON-3 a scan has nothing to say about it", async () => {
  const secret = join(elsewhere, "master-secret");
  writeFileSync(secret, "x".repeat(44), { mode: 0o600 });
  const pool = createPool({ connectionString: bench.database.appUrl, name: "scan test", max: 4 });
  const db = createDb(pool);
  try {
    const report = await scan({
      paths: bench.paths,
      env: { OPENCLAW_MASTER_KEY_FILE: secret },
      lookup: (name) => VARIABLES[name],
      database: { db, pool },
      now: new Date(),
      timeLimitMs: 30_000,
    });
    const said = report.findings.filter(({ id }) => !OF_THE_TEST_MACHINE.test(id));
    expect(said.map(({ id, evidence }) => `${id}: ${evidence}`)).toEqual([]);
    expect(report.checksRun).toBeGreaterThan(290);
  } finally {
    await db.$disconnect();
    await pool.end();
  }
});
