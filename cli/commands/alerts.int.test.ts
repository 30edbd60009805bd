/** `openclaw alerts`, against a real database. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerAlerts } from "./alerts.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { seedAlerts } from "#server/alerts/evaluate/seed.ts";
import { syncFilePoints } from "#server/alerts/points/file-points.ts";
import { loadConfig } from "#server/config/index.ts";
import { createPool } from "#server/core/db/pool.ts";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerAlerts);
  bench.configure(
    `{ security: { monitoring: { alerting: { channels: ["webhook"], webhookUrl: "https://hooks.example.com/T0PSECRETPATH1" } } } }`,
  );
  const keyring = await openTestKeyring(bench.paths.keysDir);
  const pool = createPool({ connectionString: bench.database.appUrl, name: "test" });
  const config = { current: () => loadConfig(bench.paths.configFile), secret: (_: string, written: string) => written };
  await seedAlerts(pool);
  await syncFilePoints({ pool, keyring, config });
  await pool.end();
  await bench.sql(
    `INSERT INTO alert (id, rule_id, rule_name, subject, severity, state, summary, started_at, fired_at)
     VALUES ('alt_0123456789abcdefghjkmn', 'builtin:backup', 'A backup failed', '', 'error', 'firing', '1 of backup.failed', now(), now())`,
  );
});
afterAll(() => bench.close());

describe("MON-2 openclaw alerts", () => {
  it("lists what fires with exit code 1, and takes it on once", async () => {
    const listed = await bench.run("alerts", "list");
    expect(listed).toMatchObject({ exitCode: 1 });
    expect(listed.out.join("\n")).toMatch(/alt_0123456789abcdefghjkmn +firing +error .* A backup failed/);
    expect(JSON.parse((await bench.run("alerts", "list", "--json")).out.join(""))).toMatchObject([
      { rule: "A backup failed" },
    ]);
    expect(await bench.run("alerts", "ack", "alt_0123456789abcdefghjkmn")).toMatchObject({ exitCode: 0 });
    const again = await bench.run("alerts", "ack", "alt_0123456789abcdefghjkmn");
    expect(again.exitCode).not.toBe(0);
    expect(again.err.at(-1)).toContain("operator:cli");
  });

  it("lists the rules, pauses one by name, and says when there is none", async () => {
    expect((await bench.run("alerts", "pause", "A backup failed")).out).toEqual(['Rule "A backup failed" is paused.']);
    expect((await bench.run("alerts", "rules")).out.join("\n")).toMatch(
      /A backup failed +paused +error +1 or more of backup.failed within 1 h/,
    );
    await bench.run("alerts", "resume", "A backup failed");
    expect(await bench.run("alerts", "pause", "nothing")).toMatchObject({ exitCode: 3 });
  });

  it("silences by labels, lists it, and ends it", async () => {
    const set = await bench.run(
      "alerts",
      "silence",
      "--match",
      "subject=address:192.0.2.*",
      "--match",
      "severity!=critical",
      "--for",
      "2h",
      "--comment",
      "load test",
      "--json",
    );
    const { id } = JSON.parse(set.out.join("")) as { id: string };
    expect((await bench.run("alerts", "silences")).out.join("\n")).toContain(
      "subject~address:192.0.2.* and severity!=critical",
    );
    expect(await bench.run("alerts", "unsilence", id)).toMatchObject({ exitCode: 0 });
    expect((await bench.run("alerts", "silences")).err).toEqual(["Nothing is silenced."]);
    expect(
      await bench.run("alerts", "silence", "--match", "colour=red", "--for", "2h", "--comment", "x"),
    ).toMatchObject({ exitCode: 2 });
    expect(await bench.run("alerts", "silence", "--match", "rule=x", "--for", "soon", "--comment", "x")).toMatchObject({
      exitCode: 2,
    });
  });

  it("shows a made secret once, rotates it, and never lists it or the path of the address", async () => {
    const shown = await bench.run("alerts", "secret", "file:webhook");
    expect(shown.out[0]).toMatch(/^whsec_/);
    expect((await bench.run("alerts", "secret", "file:webhook")).err.at(-1)).toContain("shown already");
    const rotated = await bench.run("alerts", "rotate-secret", "Webhook (configuration)");
    expect(rotated.out[0]).toMatch(/^whsec_/);
    expect(rotated.out[0]).not.toBe(shown.out[0]);
    const listed = JSON.stringify([await bench.run("alerts", "points"), await bench.run("alerts", "points", "--json")]);
    expect(listed).toContain("https://hooks.example.com");
    expect(listed).not.toMatch(/T0PSECRETPATH1|whsec_/);
    const dump = JSON.stringify(await bench.sql("SELECT events FROM audit_intake"));
    expect(dump).toContain("secret_rotated");
    expect(dump).not.toMatch(/T0PSECRETPATH1|whsec_/);
  });

  it("queues a test, says that nobody sent it while no gateway runs, and lists it", async () => {
    const tested = await bench.run("alerts", "test", "file:webhook", "--wait", "0");
    expect(tested).toMatchObject({ exitCode: 1 });
    expect(tested.err.at(-1)).toContain("is it running?");
    const listed = JSON.parse((await bench.run("alerts", "deliveries", "--json")).out.join("")) as { id: string }[];
    expect(listed).toMatchObject([{ kind: "test", state: "waiting" }]);
    expect((await bench.run("alerts", "resend", listed[0]?.id ?? "")).err.at(-1)).toContain("still being sent");
  });
});
