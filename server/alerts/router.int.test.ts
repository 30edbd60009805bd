import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAlertBench, type AlertBench } from "../../tests/support/alerts.ts";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import { syncFilePoints } from "#server/alerts/points/file-points.ts";
import { resolvePoint, type PointRow } from "#server/alerts/points/resolve.ts";
import { RuleDraft } from "#server/alerts/schema.ts";
import { newStandardSecret } from "#server/core/crypto/standard-webhooks.ts";
import { homePaths } from "#server/core/paths.ts";
import type { AppServices } from "#server/services.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
afterAll(() => bench.close());

function caller(...permissions: string[]) {
  const services = {
    db: bench.db,
    pool: bench.pool,
    keyring: bench.keyring,
    config: bench.config,
    paths: homePaths("/nonexistent"),
    clock: { now: () => bench.now },
    web: { canonical: "https://gateway.test", accepted: [], tls: true },
    refusals: { record: () => Promise.resolve() },
  } as unknown as Partial<AppServices>;
  return callerOf(services, memberSession("ada", { permissions }));
}
const writer = () => caller("alerts:read", "alerts:write");

const recorded = async (event: string) =>
  bench.sql<{ reason: string | null; actor: string; data: Record<string, unknown> }>(
    `SELECT entry->>'reason' AS reason, entry->>'actorId' AS actor, entry->'data' AS data
       FROM audit_intake, json_array_elements(events::json) AS entry WHERE entry->>'event' = $1 ORDER BY id`,
    [event],
  );

const draft = (over: object = {}): RuleDraft =>
  RuleDraft.parse({
    name: "Failures",
    severity: "warn",
    condition: {
      type: "event",
      match: { kinds: ["authentication_failure"] },
      by: "address",
      count: 3,
      windowMs: 5 * MINUTE,
    },
    ...over,
  });

describe("MON-2 rules in the console", () => {
  test("are made, changed, paused and removed, each on record; names are unique, and a change of somebody else is not overwritten", async () => {
    const { id } = await writer().alertRules.create(draft());
    await expect(writer().alertRules.create(draft({ name: "FAILURES" }))).rejects.toThrow(/already/);
    await writer().alertRules.update({ id, version: 1, rule: draft({ severity: "error" }) });
    await expect(writer().alertRules.update({ id, version: 1, rule: draft() })).rejects.toThrow(
      /changed by member:ada/,
    );
    await writer().alertRules.pause({ id, paused: true });
    expect(await caller("alerts:read").alertRules.byId({ id })).toMatchObject({
      version: 3,
      paused: true,
      severity: "error",
    });
    await writer().alertRules.pause({ id, paused: false });
    await writer().alertRules.delete({ id });
    expect((await recorded("alert.rule_changed")).map(({ reason, actor }) => `${actor} ${reason ?? ""}`)).toEqual([
      "ada created",
      "ada changed",
      "ada paused",
      "ada resumed",
      "ada removed",
    ]);
    await expect(writer().alertRules.byId({ id })).rejects.toThrow(/no alert rule/);
  });

  test.each([
    [
      "an event nobody records",
      { condition: { type: "event", match: { events: ["no.such_event"] }, windowMs: MINUTE } },
      /no event "no.such_event"/,
    ],
    [
      "a metric that is not measured",
      {
        condition: {
          type: "metric",
          metric: "weather",
          aggregate: "sum",
          windowMs: MINUTE,
          comparison: "above",
          threshold: 1,
        },
      },
      /not measured/,
    ],
    ["a contact point that is not there", { contactPoints: ["cpt_none"] }, /no contact point/],
  ])("%s is refused with the field that is wrong", async (_, over, message) => {
    await expect(writer().alertRules.create(draft({ name: "x", ...over }))).rejects.toThrow(message);
  });

  test("the preview says when a rule would have fired, from events and from measurements", async () => {
    const at = bench.now - 3 * HOUR;
    await bench.seal(
      Array.from({ length: 4 }, (_, n) => ({
        event: "auth.sign_in_failed" as const,
        address: "192.0.2.7",
        at: at + n * 1000,
      })),
    );
    const events = await caller("alerts:read").alertRules.preview({ rule: draft(), periodMs: 24 * HOUR });
    expect(events.episodes).toMatchObject([{ subject: "address:192.0.2.7", highest: 4 }]);
    const [episode] = events.episodes;
    expect(Math.abs((episode?.firedAt.getTime() ?? 0) - at)).toBeLessThan(2 * MINUTE);
    expect((episode?.resolvedAt?.getTime() ?? 0) - at).toBeGreaterThan(3 * MINUTE);
    expect(events.points.filter(({ firing }) => firing).length).toBeGreaterThan(0);

    await bench.sql(
      `INSERT INTO metric_bucket (metric, subject, seconds, at, count, sum, max)
       SELECT 'errors', '', 60, date_trunc('minute', to_timestamp($1::float8 / 1000)) + n * interval '1 minute', 30, 30, 30 FROM generate_series(0, 9) AS n`,
      [at],
    );
    const condition = {
      type: "metric",
      metric: "errors",
      aggregate: "count",
      windowMs: 5 * MINUTE,
      comparison: "above",
      threshold: 100,
    };
    const metric = await caller("alerts:read").alertRules.preview({ rule: draft({ condition }), periodMs: 24 * HOUR });
    expect(metric.episodes).toMatchObject([{ subject: "", highest: 150 }]);
    const long = await caller("alerts:read").alertRules.preview({
      rule: draft({ condition, forMs: HOUR }),
      periodMs: 24 * HOUR,
    });
    expect(long.episodes).toEqual([]);
  });
});

describe("MON-2 contact points in the console", () => {
  const hook = (over: object = {}) => ({
    name: "Hook",
    receivesAll: true,
    target: {
      type: "webhook" as const,
      format: "standard" as const,
      url: "https://hooks.example.com/T0PSECRETPATH1",
      ...over,
    },
  });

  test("a secret is made and given once, is sealed, and is neither listed nor recorded", async () => {
    const { id, secret } = await writer().alertPoints.save(hook());
    expect(secret).toMatch(/^whsec_/);
    await expect(writer().alertPoints.showSecret({ id })).rejects.toThrow(/shown already/);
    const listed = JSON.stringify(await caller("alerts:read").alertPoints.list());
    const stored = JSON.stringify(
      await bench.sql("SELECT settings, encode(secrets, 'escape') AS s FROM contact_point"),
    );
    const record = JSON.stringify(await bench.sql("SELECT events FROM audit_intake"));
    for (const text of [listed, stored, record]) {
      expect(text).not.toMatch(/T0PSECRETPATH1|whsec_/);
    }
    expect(listed).toContain("https://hooks.example.com");
    const { secret: next } = await writer().alertPoints.rotateSecret({ id });
    expect(next).not.toBe(secret);
    await writer().alertPoints.switch({ id, enabled: false });
    await writer().alertPoints.remove({ id });
    expect((await recorded("alert.contact_point_changed")).map(({ reason }) => reason)).toEqual([
      "created",
      "secret_rotated",
      "switched_off",
      "removed",
    ]);
  });

  test.each([
    ["an address with a user name", { url: "https://user:pw@hooks.example.com/" }, /target.url/],
    ["a metadata service", { url: "http://169.254.169.254/latest" }, /target.url/],
    ["a secret of another form", { secret: "not-a-secret" }, /target.secret/],
    ["PagerDuty without its key", { format: "pagerduty" }, /target.routingKey/],
  ])("%s is refused", async (_, over, message) => {
    await expect(writer().alertPoints.save(hook(over))).rejects.toThrow(message);
  });

  test("a stored password goes to no other server than it was entered for", async () => {
    const smtp = {
      host: "mail.example.com",
      port: 587,
      secure: "starttls" as const,
      user: "gateway",
      from: "gateway@example.com",
    };
    const target = { type: "email" as const, recipients: ["ada@example.com"], smtp };
    const { id } = await writer().alertPoints.save({
      name: "Mail",
      receivesAll: false,
      target: { ...target, password: "mail-password-71" },
    });
    const moved = { ...target, smtp: { ...smtp, host: "mail.evil.example" } };
    await expect(
      writer().alertPoints.save({ id, version: 1, name: "Mail", receivesAll: false, target: moved }),
    ).rejects.toThrow(/entered again/);
    await writer().alertPoints.save({ id, version: 1, name: "Mail", receivesAll: false, target });
    await writer().alertPoints.remove({ id });
  });

  test("those of the file follow it: two of them, no changes in the console, and a changed secret is used beside the old one for a day", async () => {
    const [first, second] = [newStandardSecret(), newStandardSecret()];
    const configure = (secret: string) =>
      bench.configure(`{ security: { monitoring: { alerting: { channels: ["email", "webhook"], recipients: ["ops@example.com"],
        webhookUrl: "https://hooks.example.com/x", webhookSecret: "${secret}" } } } }`);
    const deps = { pool: bench.pool, keyring: bench.keyring, config: bench.config };
    configure(first);
    await Promise.all([syncFilePoints(deps), syncFilePoints(deps)]);
    const { points, hasMailServer } = await writer().alertPoints.list();
    expect(points.map(({ id, receivesAll }) => `${id} ${receivesAll}`).sort()).toEqual([
      "file:email true",
      "file:webhook true",
    ]);
    expect(hasMailServer).toBe(false);
    expect(points.find(({ id }) => id === "file:email")?.problem).toContain("smtp");
    await expect(writer().alertPoints.remove({ id: "file:webhook" })).rejects.toThrow(/configuration file/);
    await expect(writer().alertPoints.rotateSecret({ id: "file:webhook" })).rejects.toThrow(/webhookSecret/);

    configure(second);
    await syncFilePoints(deps);
    const [row] = await bench.sql<PointRow>(
      `SELECT id, name, type, source, settings, secrets, rotation_ends_at AS "rotationEndsAt", enabled FROM contact_point WHERE id = 'file:webhook'`,
    );
    const keysAt = (now: Date): number => {
      const point = resolvePoint({ ...deps, paths: { home: "/nonexistent" } }, row as PointRow, now);
      return point.type === "webhook" ? point.keys.length : 0;
    };
    expect(keysAt(new Date())).toBe(2);
    expect(keysAt(new Date(Date.now() + 25 * HOUR))).toBe(1);

    bench.configure("{}");
    await syncFilePoints(deps);
    expect((await writer().alertPoints.list()).points).toEqual([]);
  });
});

describe("MON-2 who may what", () => {
  test("a reader changes nothing, and somebody without the permission sees nothing", async () => {
    const reader = caller("alerts:read");
    await expect(reader.alertRules.create(draft())).rejects.toThrow(/alerts:write/);
    await expect(reader.alerts.acknowledge({ id: "x" })).rejects.toThrow(/alerts:write/);
    await expect(caller().alerts.list({})).rejects.toThrow(/alerts:read/);
  });

  test("a silence needs a reason, an end and something to be about", async () => {
    const matchers = [{ label: "rule" as const, operator: "is" as const, value: "x" }];
    const endsAt = new Date(bench.now + HOUR);
    await expect(writer().alertSilences.set({ matchers, comment: " ", endsAt })).rejects.toThrow();
    await expect(writer().alertSilences.set({ matchers: [], comment: "x", endsAt })).rejects.toThrow();
    await expect(
      writer().alertSilences.set({ matchers, comment: "x", endsAt: new Date(bench.now - 1) }),
    ).rejects.toThrow(/endsAt/);
    await expect(
      writer().alertSilences.set({ matchers, comment: "x", endsAt: new Date(bench.now + 91 * 24 * HOUR) }),
    ).rejects.toThrow(/90 days/);
  });
});
