/** The real server: what it counts, who may scrape it, and whether a scraper can read the answer. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../tests/support/server.ts";

let server: TestServer;
let scraper: string;

beforeAll(async () => {
  server = await startServer();
  await server.sql(
    `INSERT INTO metric_bucket VALUES ('model_spend_usd', '', 86400, date_trunc('day', now()), 7, 1.25, 1),
     ('authentication_failures', '', 86400, date_trunc('day', now()), 41, 41, 1)`,
  );
  scraper = (await server.token({ scopes: ["monitoring:read"] })).token;
}, 60_000);
afterAll(() => server.stop());

const get = (path: string, token?: string) =>
  fetch(server.url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

interface Family {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

/** The text format as https://prometheus.io/docs/instrumenting/exposition_formats/ describes it; anything else is an error. */
function parse(text: string): Map<string, Family> {
  expect(text.endsWith("\n")).toBe(true);
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind = "", name = "", rest = ""] = comment;
      const family = families.get(name) ?? { type: "", help: "", samples: [] };
      expect(family.samples, `${name} is told about before its samples`).toEqual([]);
      families.set(name, kind === "HELP" ? { ...family, help: rest } : { ...family, type: rest });
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$/.exec(
        line,
      );
    expect(sample, line).not.toBeNull();
    const [, name = "", labelText = "", value = ""] = sample ?? [];
    const labels: Record<string, string> = Object.fromEntries(
      [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", is = ""]) => [key, is]),
    );
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    expect(seen.has(key), `${key} twice`).toBe(false);
    seen.add(key);
    const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count)$/, ""));
    expect(family, `${name} has a type`).toBeDefined();
    family?.samples.push({ name, labels, value: Number(value.replace("Inf", "Infinity")) });
  }
  return families;
}

const LABELS = [
  "route",
  "status",
  "state",
  "metric",
  "version",
  "le",
  "kind",
  "space",
  "type",
  "quantile",
  "major",
  "minor",
  "patch",
];

describe("MON-1 the server's own numbers", () => {
  it("MON-1 a scrape is well-formed, complete and holds no label that a caller chooses", async () => {
    await (await get("/healthz")).text();
    await (await get("/hooks/x?token=s3cret")).text();
    const answer = await get("/metrics", scraper);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await answer.text();
    const families = parse(text);
    for (const [name, { type, help }] of families) {
      expect([name, type], name).toEqual([name, expect.stringMatching(/^(?:counter|gauge|histogram|summary)$/)]);
      expect(help).not.toBe("");
    }
    const labels = [...families.values()].flatMap(({ samples }) => samples.flatMap((one) => Object.keys(one.labels)));
    expect([...new Set(labels)].filter((label) => !LABELS.includes(label))).toEqual([]);
    expect(text).not.toMatch(/s3cret|127\.0\.0\.1|ocg_/);
    const value = (name: string, wanted: Record<string, string> = {}) =>
      [...families.values()]
        .flatMap(({ samples }) => samples)
        .find((one) => one.name === name && Object.entries(wanted).every(([key, is]) => one.labels[key] === is))?.value;
    expect(value("openclaw_requests_total", { route: "health", status: "2xx" })).toBeGreaterThanOrEqual(1);
    expect(value("openclaw_requests_total", { route: "hooks", status: "4xx" })).toBe(1);
    expect(value("openclaw_open_requests")).toBe(1);
    expect(value("openclaw_model_spend_usd_total")).toBe(1.25);
    expect(value("openclaw_recorded_total", { metric: "authentication_failures" })).toBe(41);
    expect(value("openclaw_runs", { state: "queued" })).toBe(0);
    expect(value("openclaw_database_up")).toBe(1);
    expect(value("openclaw_audit_backlog_batches")).toBeGreaterThan(0);
    expect(value("openclaw_audit_sealer_lag_seconds")).toBeGreaterThanOrEqual(0);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  });

  it("MON-1 the histogram's buckets rise, and the last one is the count", async () => {
    const durations = parse(await (await get("/metrics", scraper)).text()).get("openclaw_request_duration_seconds");
    const health = durations?.samples.filter(({ labels }) => labels["route"] === "health") ?? [];
    const buckets = health.filter(({ name }) => name.endsWith("_bucket")).map(({ value }) => value);
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
    expect(buckets).toHaveLength(15);
    expect(buckets.at(-1)).toBe(health.find(({ name }) => name.endsWith("_count"))?.value);
    expect(buckets.at(-1)).toBeGreaterThan(0);
    expect(health.find(({ name }) => name.endsWith("_sum"))?.value).toBeGreaterThan(0);
  });

  it("MON-1 without the permission, or without a token, nothing is told and the refusal is on record", async () => {
    const { token } = await server.token({ role: "user", scopes: ["runs:read"] });
    const denied = await get("/metrics", token);
    expect(denied.status).toBe(403);
    expect(await denied.text()).not.toContain("openclaw_requests_total");
    expect(await server.events(denied.headers.get("x-request-id"))).toMatchObject([
      { event: "access.denied", reason: "permission_missing" },
    ]);
    const strangers = await get("/metrics");
    expect(strangers.status).toBe(401);
    expect(await server.events(strangers.headers.get("x-request-id"))).toMatchObject([
      { event: "auth.token_rejected", reason: "missing" },
    ]);
  });

  it("MON-1 what was counted is in the buckets when the server has ended", async () => {
    const other = await startServer(undefined, { sharing: server });
    for (let n = 0; n < 5; n += 1) {
      await (await fetch(`${other.url}/healthz`)).text();
    }
    await (await fetch(`${other.url}/api/v1/whoami`)).text();
    const count = async (subject: string) =>
      (
        await server.sql<{ n: number }>(
          "SELECT coalesce(sum(count), 0)::int AS n FROM metric_bucket WHERE metric = 'requests' AND subject = $1 AND seconds = 60",
          [subject],
        )
      )[0]?.n ?? 0;
    const before = await count("route:health");
    await other.stop();
    expect((await count("route:health")) - before).toBeGreaterThanOrEqual(5);
    const rows = await server.sql<{ metric: string; subject: string; seconds: number; max: number }>(
      "SELECT metric, subject, seconds, max FROM metric_bucket WHERE subject = ''",
    );
    for (const seconds of [60, 3600, 86_400]) {
      const found = rows.filter((row) => row.seconds === seconds).map(({ metric }) => metric);
      expect(found).toEqual(
        expect.arrayContaining([
          "requests",
          "latency_ms",
          "open_streams",
          "run_queue",
          "memory_bytes",
          "audit_backlog",
        ]),
      );
    }
    expect(rows.find(({ metric }) => metric === "memory_bytes")?.max).toBeGreaterThan(1e6);
  });
});
