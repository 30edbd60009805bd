/** OPS-3: the post-incident report says the same in every format, and no text of a stranger becomes markup. */
import { describe, expect, it } from "vitest";
import { renderIncident, type ReportInput } from "#server/incidents/report.ts";
import { REPORT_FORMATS } from "#server/incidents/policy.ts";

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 26, 3, minute));
const HOSTILE = "<script>alert(1)</script>[x](javascript:1)\u202e";

const INPUT: ReportInput = {
  generatedAt: at(59),
  contacts: [{ name: "Ada", role: "lead", email: "ada@example.com", phone: null }],
  incident: {
    id: "inc_1",
    title: "Stolen token",
    severity: "high",
    commander: "Ada",
    drill: false,
    subjects: ["token:fam"],
    openedBy: "member:ada",
    openedAt: at(10),
    closedBy: null,
    closedAt: null,
    plan: "# Say\nthat we look into it",
    conclusion: "",
    timelineCut: true,
    locks: [
      {
        id: "lck_1",
        kind: "token",
        target: "fam",
        message: "Closed.",
        reason: "stolen",
        drill: false,
        incidentId: "inc_1",
        setBy: "member:ada",
        setAt: at(11),
        expiresAt: null,
        endedAt: null,
        endedBy: null,
        stored: { runs: 3, approvals: 0 },
        cuts: [{ instance: "srv_1", counts: { streams: 40, webSockets: 2 }, afterMs: 31 }],
      },
      {
        id: "lck_2",
        kind: "everything",
        target: "",
        message: "Closed.",
        reason: "try",
        drill: true,
        incidentId: "inc_1",
        setBy: "member:ada",
        setAt: at(12),
        expiresAt: null,
        endedAt: at(13),
        endedBy: "expired",
        stored: { runs: 900 },
        cuts: [],
      },
    ],
    timeline: [
      {
        at: at(12),
        what: "auth.token_rejected",
        isNote: false,
        severity: "warn",
        who: "anonymous 192.0.2.7",
        text: HOSTILE,
        seq: "77",
      },
      {
        at: at(14),
        what: "question",
        isNote: true,
        severity: "info",
        who: "Ada",
        text: "Who had the laptop?",
        seq: null,
      },
    ],
  },
};

describe("OPS-3 the post-incident report", () => {
  it.each(REPORT_FORMATS)("%s has timeline, locks, what was cut, contacts and what is open", (format) => {
    const text = renderIncident(INPUT, format);
    for (const part of ["Stolen token", "192.0.2.7", "77", "Who had the laptop?", "Ada", "srv", "31"]) {
      expect(text, part).toContain(part);
    }
  });

  it("text, in full", () => {
    const text = renderIncident(INPUT, "text");
    expect(text).toContain("The incident is still open.");
    expect(text).toContain("Still locked: token fam.");
    expect(text).toContain("Open question: Who had the laptop?");
    // What a drill would have cut was not cut.
    expect(text).toContain("In all: 3 runs, 40 event streams, 2 live connections.");
    expect(text).toContain("everything (drill: would have been)");
    expect(text).not.toContain("\u202e");
  });

  it("html and Markdown keep hostile text as text", () => {
    expect(renderIncident(INPUT, "html")).not.toMatch(/<script>alert|href="javascript/);
    expect(renderIncident(INPUT, "md")).not.toContain("[x](javascript:1)");
  });

  it("json holds everything as it is", () => {
    const { format, incident } = JSON.parse(renderIncident(INPUT, "json")) as {
      format: string;
      incident: { locks: unknown[] };
    };
    expect([format, incident.locks.length]).toEqual(["openclaw-incident-report/1", 2]);
  });

  it("a drill says so first", () => {
    const drill = { ...INPUT, incident: { ...INPUT.incident, drill: true } };
    expect(renderIncident(drill, "text")).toMatch(/^Drill: Stolen token/);
    expect(renderIncident(drill, "html")).toContain("DRILL: this was an exercise.");
  });
});
