import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AuditEntry } from "#server/audit/reading/query.ts";
import { plain } from "#server/audit/report/markdown.ts";
import { buildReport } from "#server/audit/report/model.ts";
import { renderReport, REPORT_FORMATS } from "#server/audit/report/report.ts";
import type { Group, ReportFacts } from "#server/audit/report/schema.ts";

const SINCE = Date.UTC(2026, 2, 1);
const HOUR_MS = 3_600_000;

const group = (values: Group["values"], count: number): Group => ({ values, count, last: "2026-03-01T12:00:00Z" });

function entry(text: string): AuditEntry {
  return {
    actorId: text,
    actorType: "token",
    address: text,
    at: "2026-03-01T12:00:00.000Z",
    because: text,
    channel: text,
    code: "OCR009C",
    correlationId: undefined,
    data: { text },
    event: "sandbox.escape_attempt",
    kind: "sandbox_escape",
    outcome: "denied",
    reason: text,
    requestId: undefined,
    seq: 1,
    severity: "critical",
    target: text,
    tokenId: undefined,
    userId: text,
  };
}

function factsWith(text: string, more: Partial<ReportFacts> = {}): ReportFacts {
  return {
    generatedAt: new Date(SINCE + 24 * HOUR_MS),
    period: { since: new Date(SINCE), until: new Date(SINCE + 24 * HOUR_MS) },
    before: { since: new Date(SINCE - 24 * HOUR_MS), until: new Date(SINCE) },
    bucketHours: 6,
    buckets: [
      { startMs: SINCE, event: "message.received", outcome: "ok", count: 1_234 },
      { startMs: SINCE + 6 * HOUR_MS, event: "auth.token_rejected", outcome: "denied", count: 50 },
      { startMs: SINCE + 6 * HOUR_MS, event: text, outcome: text, count: 1 },
    ],
    bucketsBefore: [{ startMs: SINCE - 24 * HOUR_MS, event: "message.received", outcome: "ok", count: 1_000 }],
    failuresByReason: [group(["auth.token_rejected", text], 50)],
    failuresByAddress: [group([text], 50)],
    denials: [group([text, text, text, text], 50)],
    limits: [group([text, text, null], 1)],
    runEnds: [group([text, text], 1)],
    fileEvents: [group([text, text], 1)],
    errors: [group([text, null], 1)],
    incidents: [entry(text)],
    critical: [entry(text)],
    tokens: [entry(text)],
    changes: [entry(text)],
    integrity: {
      head: 1_285,
      headHash: "ab".repeat(32),
      waiting: 0,
      checkpoint: { rows: 1_285, signedAt: new Date(SINCE + 24 * HOUR_MS) },
      uncoveredSince: null,
      removals: [],
    },
    ...more,
  };
}

const quiet = (more: Partial<ReportFacts> = {}): ReportFacts =>
  factsWith("x", {
    buckets: [{ startMs: SINCE, event: "message.received", outcome: "ok", count: 1 }],
    failuresByAddress: [],
    denials: [],
    ...more,
  });

/** Text of every sort that breaks formats. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(..."<>&\"'`|\\[]()!*_#~$@:/.\n\r\t-+= aw"), maxLength: 30 }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    "</title></svg><script>",
    "&lt;b&gt;",
    "a | b",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "https://evil.example www.evil.example a@evil.example",
    "\n# heading\n",
    ":/</",
    "```",
    "\u001b[2J\u001b]0;x\u0007",
    "\u202emoc",
    "toString",
  ),
);

/** Names of the tags in order, with their attributes; fails on anything that is no tag of ours. */
function tagsOf(html: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  for (const [, closing, name = "", attributes = "", empty] of html.matchAll(
    /<(\/?)([a-z][a-z0-9]*|!doctype)((?:\s+[a-zA-Z0-9-]+(?:="[^"<>]*")?)*)\s*(\/?)>/g,
  )) {
    if (closing === "/") {
      expect(open.pop()).toBe(name);
    } else if (empty !== "/" && !["meta", "!doctype"].includes(name)) {
      open.push(name);
    }
    seen.push(
      `${closing ?? ""}${name} ${[...attributes.matchAll(/([a-zA-Z0-9-]+)(?:="[^"]*"|(?=\s|$))/g)].map(([, key]) => key).join(" ")}`,
    );
  }
  expect(open).toEqual([]);
  expect(seen.length).toBe(html.split("<").length - 1);
  return seen;
}

describe("hostile text", () => {
  test("AUD-8 is never markup in HTML: the same tags and attributes, whatever the text", () => {
    const expected = tagsOf(renderReport(factsWith("plain"), "html"));
    fc.assert(
      fc.property(hostile, (text) => {
        // An event of a known name or none at all changes which kinds there are, not what they are made of.
        const tags = tagsOf(renderReport(factsWith(text), "html"));
        expect(tags).toEqual(expected);
      }),
    );
  });

  test("AUD-8 the HTML fetches nothing, runs nothing, and says so to the browser", () => {
    const html = renderReport(factsWith("https://evil.example/x.png"), "html");
    expect(html).toMatch(
      /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/=]+&#39;/,
    );
    const tags = tagsOf(html);
    const names = new Set(tags.map((tag) => tag.split(" ")[0]?.replace("/", "")));
    for (const name of ["script", "link", "img", "iframe", "object", "a", "form", "use", "image", "foreignObject"]) {
      expect(names).not.toContain(name);
    }
    expect(tags.filter((tag) => / (?:on\w+|src|href|style)\b/.test(tag))).toEqual([]);
    expect(html).not.toMatch(/url\(|@import/);
  });

  test("AUD-8 is no markup, no link and no further cell in Markdown", () => {
    const columns = (line: string): number => line.replace(/\\./g, "").split("|").length;
    const expected = renderReport(factsWith("plain"), "md").split("\n").map(columns);
    fc.assert(
      fc.property(hostile, (text) => {
        const markdown = renderReport(factsWith(text), "md");
        expect(markdown.split("\n").map(columns)).toEqual(expected);
        const shown = plain(text);
        // A blank for each escape: what stood on either side of one does not come together.
        expect(shown.replace(/\\./g, " ")).not.toMatch(/[`*_{}[\]<>#!|~&@]|:\/\/|www\.|[\r\n]/i);
        expect(shown).not.toMatch(/^\s*(?:[-+]\s|\d+[.)]\s)/);
      }),
    );
  });

  test("AUD-8 moves no cursor and begins no line in text", () => {
    const expected = renderReport(factsWith("plain"), "text").split("\n").length;
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = renderReport(factsWith(text), "text");
        expect(shown.split("\n")).toHaveLength(expected);
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  test("AUD-8 is data in JSON", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const parsed = JSON.parse(renderReport(factsWith(text), "json")) as { failuresByAddress: Group[] };
        expect(parsed.failuresByAddress[0]?.values).toEqual([text]);
      }),
    );
  });
});

describe("what a report says", () => {
  test.each(REPORT_FORMATS)("AUD-8 every part is there as %s", (format) => {
    const report = renderReport(factsWith("unknown_token"), format);
    for (const part of ["unknown_token", "1285", "auth.token_rejected", "sandbox.escape_attempt"]) {
      expect(report.replaceAll(/[,\\](?=\d|_)/g, "")).toContain(part);
    }
    if (format !== "json") {
      for (const { title, lines } of buildReport(factsWith("x")).sections) {
        expect(report).toContain(title);
        lines.forEach((line) => expect(report).toContain(line));
      }
    }
  });

  test("AUD-8 totals stand beside those of the period before", () => {
    const [totals] = buildReport(factsWith("x")).sections;
    const rowOf = (label: string) => totals?.tables[0]?.rows.find(([name]) => name === label);
    expect(rowOf("All events")).toEqual(["All events", 1_285, 1_000, "+28 %"]);
    expect(rowOf("Messages received")).toEqual(["Messages received", 1_234, 1_000, "+23 %"]);
    expect(rowOf("Failed authentications")).toEqual(["Failed authentications", 50, 0, "new"]);
    expect(rowOf("Critical")).toEqual(["Critical", 0, 0, "as before"]);
    expect(totals?.charts[0]?.points).toContainEqual({ label: "message_receive", values: [1_234] });
  });

  test("AUD-8 charts have a bar for every stretch of the period, also an empty one, and a table in HTML", () => {
    const charts = buildReport(factsWith("x")).sections.flatMap((section) => section.charts);
    const all = charts.find(({ id }) => id === "all");
    expect(all?.points.map(({ label, values }) => [label, values])).toEqual([
      ["2026-03-01 00:00", [1_234, 0, 0, 0]],
      ["2026-03-01 06:00", [1, 50, 0, 0]],
      ["2026-03-01 12:00", [0, 0, 0, 0]],
      ["2026-03-01 18:00", [0, 0, 0, 0]],
    ]);
    const html = renderReport(factsWith("x"), "html");
    expect(html.split("<svg").length - 1).toBe(charts.length);
    expect(html.split("As a table").length - 1).toBe(charts.length);
    expect(html.split('role="img" aria-labelledby').length - 1).toBe(charts.length);
  });

  test("AUD-8 nothing stands out where nothing does", () => {
    expect(buildReport(quiet()).attention).toEqual([]);
    expect(renderReport(quiet(), "text")).toContain("Nothing stands out.");
    expect(buildReport(quiet({ buckets: [] })).attention).toEqual([
      { urgency: "note", text: "Nothing was recorded in this period." },
    ]);
  });

  test("AUD-8 what is urgent comes first, in plain sentences", () => {
    const once = (event: string, count = 1) => ({ startMs: SINCE, event, outcome: "failed", count });
    const { attention } = buildReport(
      factsWith("203.0.113.9", {
        buckets: [
          once("config.rejected", 2),
          once("backup.failed"),
          once("auth.token_rejected", 60),
          once("sandbox.escape_attempt", 3),
          once("audit.integrity_failed"),
          once("token.reuse_detected"),
        ],
        bucketsBefore: [once("auth.token_rejected", 10)],
      }),
    );
    expect(attention.map(({ urgency, text }) => `${urgency}: ${text}`)).toEqual([
      "now: The audit record failed its own check once. Run: openclaw security verify-audit",
      "now: A program tried to get out of its sandbox 3 times. See Sandbox incidents.",
      "now: A replaced token was used again once: a copy of it is in other hands. Its family was revoked.",
      "soon: Failed authentications rose from 10 to 60 against the period before.",
      "soon: 203.0.113.9 failed to authenticate 50 times, last at 2026-03-01T12:00:00Z.",
      "soon: A backup failed once.",
      "note: 203.0.113.9 was denied 50 times by 203.0.113.9: either a right is missing or somebody is trying doors.",
      "note: A configuration that is not valid was rejected 2 times; the last valid one stayed in force.",
    ]);
  });

  test("AUD-8 a sealer that is behind is noticed", () => {
    const integrity = quiet().integrity;
    const texts = (more: Partial<ReportFacts["integrity"]>): string[] =>
      buildReport(quiet({ integrity: { ...integrity, ...more } })).attention.map(({ text }) => text);
    const long = new Date(SINCE);
    expect(texts({ checkpoint: null, uncoveredSince: long })).toEqual([expect.stringContaining("No checkpoint")]);
    expect(texts({ checkpoint: null, head: 0 })).toEqual([]);
    const late = { rows: 1_000, signedAt: long };
    expect(texts({ checkpoint: late, uncoveredSince: long })).toEqual([expect.stringContaining("are uncovered")]);
    expect(texts({ checkpoint: late, uncoveredSince: quiet().generatedAt })).toEqual([]);
    expect(texts({ checkpoint: late })).toEqual([]);
    expect(texts({ waiting: 5_000 })).toEqual([expect.stringContaining("5,000 batches")]);
  });
});
