import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAlertBench, TESTER, type AlertBench } from "../../../tests/support/alerts.ts";
import { evaluateRound } from "#server/alerts/evaluate/round.ts";
import { acknowledgeAlert } from "#server/alerts/alerts.ts";
import { pauseRule, deleteRule } from "#server/alerts/rules/save-rule.ts";
import { endSilence, setSilence } from "#server/alerts/silences.ts";
import { BUILTIN_RULES } from "#server/alerts/rules/builtin.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let bench: AlertBench;
beforeEach(async () => {
  bench = await openAlertBench();
});
afterEach(() => bench.close());

const failures = (count: number, address = "192.0.2.7", at = bench.now) =>
  bench.seal(
    Array.from({ length: count }, () => ({
      event: "auth.sign_in_failed" as const,
      outcome: "denied",
      actorType: "anonymous",
      actorId: address,
      address,
      at,
    })),
  );

const onFailures = (over: object = {}) => ({
  type: "event",
  match: { kinds: ["authentication_failure"] },
  by: "address",
  count: 3,
  windowMs: 5 * MINUTE,
  ...over,
});

const recorded = (event: string) =>
  bench.sql<{ reason: string | null; data: Record<string, unknown> }>(
    `SELECT entry->>'reason' AS reason, entry->'data' AS data FROM audit_intake, json_array_elements(events::json) AS entry
      WHERE entry->>'event' = $1 ORDER BY id`,
    [event],
  );

const states = async () => (await bench.alerts()).map(({ subject, state }) => `${subject} ${state}`);

const bucket = (metric: string, subject: string, at: number, count: number, sum = count, max = sum) =>
  bench.sql(
    `INSERT INTO metric_bucket (metric, subject, seconds, at, count, sum, max) VALUES ($1, $2, 60, to_timestamp(floor($3::float8 / 60000) * 60), $4, $5, $6)
     ON CONFLICT (metric, subject, seconds, at) DO UPDATE SET count = excluded.count, sum = excluded.sum, max = excluded.max`,
    [metric, subject, at, count, sum, max],
  );

describe("MON-2 rules about events", () => {
  test("fire for the subject that reaches the count, with the events behind it, and are resolved when the window has passed", async () => {
    await bench.rule({ condition: onFailures() });
    await failures(2);
    await failures(2, "192.0.2.8");
    await bench.round();
    expect(await bench.alerts()).toEqual([]);
    await failures(1);
    await bench.round(SECOND);
    expect(await bench.alerts()).toMatchObject([
      { subject: "address:192.0.2.7", state: "firing", value: 3, first_seq: 1, last_seq: 5 },
    ]);
    expect(await recorded("alert.fired")).toMatchObject([
      { reason: null, data: { subject: "address:192.0.2.7", severity: "warn", firstSeq: 1, lastSeq: 5 } },
    ]);
    await bench.round(6 * MINUTE);
    expect(await states()).toEqual(["address:192.0.2.7 resolved"]);
    expect(await recorded("alert.resolved")).toMatchObject([{ reason: "clear", data: { seconds: 360 } }]);
  });

  test("events of an outage that are read late still fire, and are told", async () => {
    await bench.rule({ condition: onFailures() });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await failures(3, "192.0.2.7", bench.now - 60 * MINUTE);
    await bench.round();
    expect(await states()).toEqual(["address:192.0.2.7 firing"]);
    await bench.round(10 * SECOND);
    expect(await states()).toEqual(["address:192.0.2.7 resolved"]);
    expect(await bench.queued()).toEqual(["resolved: rule/address:192.0.2.7"]);
  });

  test("a round that fails moves nothing: the next one finds the same events", async () => {
    await bench.rule({ condition: onFailures() });
    await failures(3);
    await bench.sql("ALTER TABLE audit_intake ADD CONSTRAINT broken CHECK (events NOT LIKE '%alert.fired%') NOT VALID");
    await expect(bench.round()).rejects.toThrow(/broken/);
    expect(await bench.sql("SELECT seq FROM alert_cursor")).toEqual([{ seq: 0 }]);
    expect(await bench.sql("SELECT * FROM alert_match")).toEqual([]);
    await bench.sql("ALTER TABLE audit_intake DROP CONSTRAINT broken");
    await bench.round(SECOND);
    expect(await bench.alerts()).toMatchObject([{ value: 3, state: "firing" }]);
  });

  test("a flood of records stands for as many failures as it counts", async () => {
    await bench.rule({ condition: onFailures({ count: 100 }) });
    await bench.seal([{ event: "auth.sign_in_failed", address: "192.0.2.9", at: bench.now, data: { count: 100 } }]);
    await bench.round();
    expect(await bench.alerts()).toMatchObject([{ subject: "address:192.0.2.9", value: 100 }]);
  });

  test("more events than one round takes are taken by the next, each once", async () => {
    await bench.rule({ condition: onFailures({ by: null, count: 1 }) });
    for (let part = 0; part < 6; part += 1) {
      await failures(1000);
    }
    expect(await bench.round()).toMatchObject({ kind: "done", more: true });
    expect(await bench.round(SECOND)).toMatchObject({ kind: "done", more: false });
    await bench.round(10 * SECOND);
    expect(await bench.alerts()).toMatchObject([{ value: 6000, first_seq: 1, last_seq: 6000 }]);
  });
});

describe("MON-2 several evaluators", () => {
  test("of twenty rounds at once one works at a time, and everything is told once", async () => {
    await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("hook", { format: "standard", host: "" }, {});
    const deps = {
      pool: bench.pool,
      config: () => bench.config.current().config,
      origin: () => "https://gateway.test",
      timing: { waitMs: 0, intervalMs: 0 },
    };
    for (let wave = 0; wave < 5; wave += 1) {
      await failures(1, `192.0.2.${wave}`);
      await Promise.all(Array.from({ length: 20 }, () => evaluateRound(deps)));
    }
    await evaluateRound(deps);
    const told = await bench.queued();
    expect(told.flatMap((text) => text.slice("firing: ".length).split("+")).sort()).toEqual(
      Array.from({ length: 5 }, (_, wave) => `rule/address:192.0.2.${wave}`),
    );
    expect(await bench.alerts()).toHaveLength(5);
    expect(await recorded("alert.fired")).toHaveLength(5);
  });
});

describe("MON-2 rules about measurements", () => {
  const errors = {
    type: "metric",
    metric: "errors",
    aggregate: "count",
    windowMs: 5 * MINUTE,
    comparison: "above",
    threshold: 10,
  };

  test("fire after the condition has held, recover when it flaps, and are told once", async () => {
    await bench.rule({ condition: errors, forMs: 2 * MINUTE, keepFiringMs: 10 * MINUTE });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await bucket("errors", "", bench.now - MINUTE, 20);
    await bench.round();
    expect(await states()).toEqual([" pending"]);
    await bench.round(2 * MINUTE);
    expect(await states()).toEqual([" firing"]);
    await bench.round(6 * MINUTE);
    expect(await states()).toEqual([" recovering"]);
    await bucket("errors", "", bench.now, 20);
    await bench.round(10 * SECOND);
    expect(await bench.alerts()).toMatchObject([{ state: "firing", flaps: 1 }]);
    for (let minute = 0; minute < 20; minute += 1) {
      await bucket("errors", "other:x", bench.now, 1);
      await bench.round(MINUTE);
    }
    expect(await states()).toEqual([" resolved"]);
    await bench.round(2 * MINUTE);
    expect(await bench.queued()).toEqual(["firing: rule/", "resolved: rule/"]);
  });

  test("for each subject by itself, and never for those of another kind", async () => {
    await bench.rule({ condition: { ...errors, metric: "message_volume", subject: "user:*", threshold: 10 } });
    await bucket("message_volume", "user:ada", bench.now - MINUTE, 50);
    await bucket("message_volume", "user:bob", bench.now - MINUTE, 5);
    await bucket("message_volume", "channel:slack", bench.now - MINUTE, 500);
    await bucket("message_volume", "", bench.now - MINUTE, 555);
    await bench.round();
    expect(await bench.alerts()).toMatchObject([{ subject: "user:ada", value: 50, state: "firing" }]);
  });

  test("do what they say when nothing is measured any more", async () => {
    await bench.rule({ name: "keep", condition: errors });
    await bench.rule({ name: "tell", condition: errors, noData: "alert" });
    await bench.rule({ name: "ok", condition: errors, noData: "ok" });
    await bucket("errors", "", bench.now - MINUTE, 20);
    await bench.round();
    expect((await bench.alerts()).map(({ rule_name: name, state }) => `${name} ${state}`).sort()).toEqual([
      "keep firing",
      "ok firing",
      "tell firing",
    ]);
    await bench.round(30 * MINUTE);
    expect(
      (await bench.alerts()).map(({ rule_name: name, state, value }) => `${name} ${state} ${value ?? "none"}`).sort(),
    ).toEqual(["keep firing 20", "ok resolved 20", "tell firing none"]);
    expect(await bench.sql("SELECT DISTINCT health FROM alert_rule")).toEqual([{ health: "no_data" }]);
  });
});

describe("MON-2 rules about what does not come", () => {
  test("fire when no event came for the time, and are resolved by one", async () => {
    await bench.rule({
      condition: {
        type: "absence",
        of: { kind: "event", match: { events: ["backup.created"] } },
        windowMs: 60 * MINUTE,
      },
    });
    await bench.seal([{ event: "backup.created", at: bench.now }]);
    await bench.round(MINUTE);
    await bench.round(58 * MINUTE);
    expect(await bench.alerts()).toEqual([]);
    await bench.round(2 * MINUTE);
    expect(await states()).toEqual([" firing"]);
    await bench.seal([{ event: "backup.created", at: bench.now }]);
    await bench.round(SECOND);
    await bench.round(10 * SECOND);
    expect(await states()).toEqual([" resolved"]);
  });

  test("fire when a metric stops", async () => {
    await bench.rule({
      condition: { type: "absence", of: { kind: "metric", metric: "requests" }, windowMs: 10 * MINUTE },
    });
    await bucket("requests", "", bench.now, 5);
    await bench.round(5 * MINUTE);
    expect(await bench.alerts()).toEqual([]);
    await bench.round(10 * MINUTE);
    expect(await states()).toEqual([" firing"]);
  });
});

describe("MON-2 grouping, silences, pauses and reminders", () => {
  test("what one rule finds together is one notification, and the next comes after the interval", async () => {
    await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await failures(1, "192.0.2.1");
    await bench.round();
    await failures(1, "192.0.2.2");
    await bench.round(2 * SECOND);
    expect(await bench.queued()).toEqual([]);
    await bench.round(5 * SECOND);
    expect(await bench.queued()).toEqual(["firing: rule/address:192.0.2.1+rule/address:192.0.2.2"]);
    await failures(1, "192.0.2.3");
    await bench.round(10 * SECOND);
    await bench.round(20 * SECOND);
    expect(await bench.queued()).toHaveLength(1);
    await bench.round(60 * SECOND);
    expect(await bench.queued()).toEqual([expect.any(String), "firing: rule/address:192.0.2.3"]);
  });

  test("a receiver that takes one alert at a time gets each by itself and at once", async () => {
    await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("pager", { format: "pagerduty", host: "" }, {});
    await failures(1, "192.0.2.1");
    await failures(1, "192.0.2.2");
    await bench.round();
    expect((await bench.queued()).sort()).toEqual(["firing: rule/address:192.0.2.1", "firing: rule/address:192.0.2.2"]);
  });

  test("a silence keeps an alert quiet, shows it as silenced, and what still fires when it ends is told then", async () => {
    await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("hook", { format: "standard", host: "" }, {});
    const matchers = [{ label: "subject", operator: "like", value: "address:192.0.2.*" } as const];
    const silence = { matchers, comment: "load test", endsAt: new Date(bench.now + 60 * MINUTE) };
    const { id } = await setSilence(bench.db, TESTER, silence, new Date(bench.now));
    await failures(1, "192.0.2.1");
    await failures(1, "198.51.100.1");
    await bench.round(SECOND);
    await bench.round(10 * SECOND);
    expect(await bench.queued()).toEqual(["firing: rule/address:198.51.100.1"]);
    expect(await bench.sql("SELECT silenced_by FROM alert WHERE subject = 'address:192.0.2.1'")).toEqual([
      { silenced_by: id },
    ]);
    await endSilence(bench.db, TESTER, id, new Date(bench.now));
    await bench.round(10 * SECOND);
    await bench.round(60 * SECOND);
    expect(await bench.queued()).toEqual([expect.any(String), "firing: rule/address:192.0.2.1"]);
    expect((await recorded("alert.silence_set")).map(({ reason }) => reason)).toEqual(["set", "ended"]);
  });

  test("a paused rule ends its alerts, tells those who were told, and finds nothing more", async () => {
    const id = await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await failures(1);
    await bench.round();
    await bench.round(10 * SECOND);
    await pauseRule(bench.db, TESTER, id, true);
    await failures(1, "192.0.2.99");
    await bench.round(10 * SECOND);
    await bench.round(60 * SECOND);
    expect(await states()).toEqual(["address:192.0.2.7 resolved"]);
    expect(await bench.queued()).toEqual(["firing: rule/address:192.0.2.7", "resolved: rule/address:192.0.2.7"]);
    expect(await recorded("alert.resolved")).toMatchObject([{ reason: "paused" }]);
  });

  test("a removed rule ends its alerts too", async () => {
    const id = await bench.rule({ condition: onFailures({ count: 1 }) });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await failures(1);
    await bench.round();
    await bench.round(10 * SECOND);
    await deleteRule(bench.db, TESTER, id);
    await bench.round(60 * SECOND);
    await bench.round(10 * SECOND);
    expect(await bench.queued()).toEqual(["firing: rule/address:192.0.2.7", "resolved: rule/address:192.0.2.7"]);
  });

  test("reminders come until somebody takes the alert on", async () => {
    await bench.rule({ condition: onFailures({ count: 1, windowMs: 600 * MINUTE }), remindMs: 10 * MINUTE });
    await bench.point("hook", { format: "standard", host: "" }, {});
    await failures(1);
    await bench.round();
    await bench.round(10 * SECOND);
    await bench.round(10 * MINUTE);
    await bench.round(10 * SECOND);
    expect(await bench.queued()).toHaveLength(2);
    const [alert] = await bench.alerts();
    await acknowledgeAlert(bench.db, TESTER, alert?.id ?? "", new Date(bench.now));
    await expect(acknowledgeAlert(bench.db, TESTER, alert?.id ?? "", new Date())).rejects.toThrow(/already/);
    await bench.round(30 * MINUTE);
    await bench.round(10 * SECOND);
    expect(await bench.queued()).toHaveLength(2);
    expect(await recorded("alert.acknowledged")).toHaveLength(1);
  });

  test("anomalies fire from their beginning to their end", async () => {
    await bench.rule({ condition: { type: "anomaly", minScore: 0.5 } });
    // The catalogue of a later part knows these events; the table takes any name.
    const anomaly = (event: string, score: string) =>
      bench.sql(
        `INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, target, data, hash)
         SELECT coalesce(max(seq), 0) + 1, to_timestamp($2::float8 / 1000), $1, 'x', 'suspicious_activity', 'warn', 'ok', 'system', 'x',
           'message_volume/user:ada', jsonb_build_object('metric', 'message_volume', 'score', $3::text), '\\x00' FROM audit_event`,
        [event, bench.now, score],
      );
    await anomaly("anomaly.detected", "0.3");
    await bench.round();
    expect(await bench.alerts()).toEqual([]);
    await anomaly("anomaly.detected", "0.9");
    await bench.round(SECOND);
    expect(await states()).toEqual(["message_volume/user:ada firing"]);
    await anomaly("anomaly.ended", "0.1");
    await bench.round(SECOND);
    expect(await states()).toEqual(["message_volume/user:ada resolved"]);
  });
});

describe("MON-2 FS-5 rules that come with the product", () => {
  test("are there once, keep what was changed, and follow the configuration", async () => {
    const other = await openAlertBench({ builtins: true });
    try {
      const count = async () => (await other.sql<{ n: number }>("SELECT count(*) AS n FROM alert_rule"))[0]?.n;
      expect(await count()).toBe(BUILTIN_RULES.length);
      await other.sql("UPDATE alert_rule SET severity = 'critical' WHERE builtin = 'backup'");
      const { seedAlerts } = await import("#server/alerts/evaluate/seed.ts");
      await seedAlerts(other.pool);
      expect(await count()).toBe(BUILTIN_RULES.length);
      expect(await other.sql("SELECT severity FROM alert_rule WHERE builtin = 'backup'")).toEqual([
        { severity: "critical" },
      ]);

      const suspicious = { event: "file.suspicious" as const, userId: "ada", at: other.now };
      other.configure("{ security: { fileSystem: { monitoring: { alertOnSuspicious: false } } } }");
      await other.seal([suspicious]);
      await other.round();
      expect(await other.alerts()).toEqual([]);
      other.configure("{ security: { fileSystem: { monitoring: { alertOnSuspicious: true } } } }");
      await other.seal([suspicious]);
      await other.round(SECOND);
      expect(await other.alerts()).toMatchObject([
        { rule_name: "Suspicious file", subject: "user:ada", state: "firing" },
      ]);

      const escape = { event: "sandbox.escape_attempt" as const, userId: "eve", at: other.now };
      other.configure("{ logging: { security: { alertOnFailures: false } } }");
      await other.seal([escape]);
      await other.round(SECOND);
      expect((await other.alerts()).map(({ rule_name: name }) => name)).not.toContain("Attempt to leave the sandbox");
      other.configure("{}");
      await other.seal([escape]);
      await other.round(SECOND);
      expect((await other.alerts()).map(({ rule_name: name }) => name)).toContain("Attempt to leave the sandbox");

      other.configure("{ security: { monitoring: { alerting: { enabled: false } } } }");
      await other.round(SECOND);
      expect((await other.alerts()).every(({ state }) => state === "resolved")).toBe(true);
    } finally {
      await other.close();
    }
  });
});
