import { describe, expect, test } from "vitest";
import { judge } from "#server/scan/judge.ts";
import { CHECKS } from "#server/scan/registry.ts";
import { renderScan } from "#server/scan/report/render.ts";
import { ScanReport } from "#server/scan/schema.ts";
import { soundFacts } from "../../../tests/support/scan/facts.ts";
import { PLANTS } from "../../../tests/support/scan/plants.ts";

const findings = Object.values(PLANTS).flatMap((plant) => judge(soundFacts(plant), CHECKS).findings);
const unique = [...new Map(findings.map((finding) => [finding.fingerprint, finding])).values()];
const [first, ...rest] = unique;
const report: ScanReport = {
  at: new Date("2026-11-26T12:00:00Z"),
  score: 12,
  grade: "F",
  complete: false,
  checksRun: CHECKS.length,
  durationMs: 5,
  findings: rest,
  suppressed:
    first === undefined
      ? []
      : [
          {
            ...first,
            suppression: { id: "sup1", reason: "in the safe", until: new Date("2027-01-01"), createdBy: "ada" },
          },
        ],
  notChecked: [{ source: "calls of models", why: "the gateway does not run", checks: ["models.price_unknown"] }],
};

interface Sarif {
  version: string;
  $schema: string;
  runs: {
    tool: { driver: { name: string; version: string; rules: SarifRule[] } };
    invocations: { executionSuccessful: boolean; toolExecutionNotifications: { message: { text: string } }[] }[];
    results: SarifResult[];
  }[];
}
interface SarifRule {
  id: string;
  name: string;
  shortDescription: { text: string };
  fullDescription: { text: string };
  help: { text: string };
  defaultConfiguration: { level: string };
}
interface SarifResult {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: { text: string };
  locations: {
    physicalLocation?: { artifactLocation: { uri: string }; region?: { startLine: number; startColumn: number } };
    logicalLocations: { fullyQualifiedName: string }[];
  }[];
  partialFingerprints: Record<string, string>;
  suppressions?: { kind: string; status: string; justification: string }[];
}

describe("MON-3 SARIF 2.1.0", () => {
  const sarif = JSON.parse(renderScan(report, "sarif")) as Sarif;
  const [run] = sarif.runs;

  test("version, schema, one run with a named tool", () => {
    expect(sarif).toMatchObject({ version: "2.1.0", $schema: expect.stringContaining("sarif-2.1.0") as string });
    expect(sarif.runs).toHaveLength(1);
    expect(run?.tool.driver).toMatchObject({
      name: expect.stringMatching(/./) as string,
      version: expect.stringMatching(/^\d/) as string,
    });
    expect(run?.invocations[0]).toMatchObject({
      executionSuccessful: true,
      toolExecutionNotifications: [
        { level: "warning", message: { text: expect.stringContaining("calls of models") as string } },
      ],
    });
  });

  test("every rule has an id of its own, texts and help; names are Pascal case", () => {
    const rules = run?.tool.driver.rules ?? [];
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(rules).toHaveLength(CHECKS.length);
    for (const rule of rules) {
      expect(rule.name).toMatch(/^(?:[A-Z][a-z0-9]*)+$/);
      expect(["error", "warning", "note"]).toContain(rule.defaultConfiguration.level);
      expect([rule.shortDescription.text, rule.fullDescription.text, rule.help.text]).not.toContain("");
    }
  });

  test("every result points at its rule, has a level, a message, a fingerprint, and places with lines from 1", () => {
    const rules = run?.tool.driver.rules ?? [];
    const results = run?.results ?? [];
    expect(results).toHaveLength(unique.length);
    for (const result of results) {
      expect(rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(["error", "warning", "note"]).toContain(result.level);
      expect(result.message.text).not.toBe("");
      expect(Object.values(result.partialFingerprints)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
      for (const { physicalLocation, logicalLocations } of result.locations) {
        expect(logicalLocations[0]?.fullyQualifiedName).toMatch(/./);
        if (physicalLocation !== undefined) {
          expect(() => new URL(physicalLocation.artifactLocation.uri, "file:///")).not.toThrow();
          expect(physicalLocation.region?.startLine ?? 1).toBeGreaterThanOrEqual(1);
        }
      }
    }
    expect(results.some(({ locations }) => locations[0]?.physicalLocation?.region !== undefined)).toBe(true);
    expect(results.filter(({ suppressions }) => suppressions !== undefined)).toMatchObject([
      { suppressions: [{ kind: "external", status: "accepted", justification: "in the safe" }] },
    ]);
  });
});

test("MON-3 JSON holds what the schema says, and nothing is lost", () => {
  const parsed: unknown = JSON.parse(renderScan(report, "json"), (key, value: unknown) =>
    key === "at" || key === "until" ? new Date(String(value)) : value,
  );
  expect(ScanReport.parse(parsed)).toEqual(report);
});

test("MON-3 text and Markdown tell every finding with its id and fix", () => {
  for (const format of ["text", "md"] as const) {
    const text = renderScan(report, format);
    for (const { id } of report.findings) {
      expect(text).toContain(id);
    }
    expect(text).toContain("in the safe");
    expect(text.endsWith("\n")).toBe(true);
  }
});
