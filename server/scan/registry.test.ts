import { describe, expect, test } from "vitest";
import { COMMANDS } from "#server/gateway/commands/registry.ts";
import { COMMAND_NAMES } from "#server/scan/checks/words.ts";
import { judge } from "#server/scan/judge.ts";
import { CHECKS } from "#server/scan/registry.ts";
import { SCAN_AREAS } from "#server/scan/policy.ts";
import { soundFacts } from "../../tests/support/scan/facts.ts";
import { PLANTS } from "../../tests/support/scan/plants.ts";

test("MON-3 there are at least 120 checks, each with an id of its own area and every word it needs", () => {
  expect(CHECKS.length).toBeGreaterThanOrEqual(120);
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  for (const { id, area, title, why, needs } of CHECKS) {
    expect(id).toMatch(new RegExp(`^${area}\\.[a-z0-9_]+$`));
    expect(SCAN_AREAS).toContain(area);
    expect(title).toMatch(/^[A-Z][^.]*[^.]$/);
    expect(why).toMatch(/^[A-Z].*\.$/);
    expect(needs.length).toBeGreaterThan(0);
  }
});

test("MON-3 every check has a planted fault, and no fault is planted for a check that is gone", () => {
  expect(Object.keys(PLANTS).sort()).toEqual(CHECKS.map(({ id }) => id).sort());
});

test("MON-3 nothing is found where everything is sound, and every check ran", () => {
  const { findings, notChecked, checksRun } = judge(soundFacts(), CHECKS);
  expect(findings.map(({ id, evidence }) => `${id}: ${evidence}`)).toEqual([]);
  expect({ notChecked, checksRun }).toEqual({ notChecked: [], checksRun: CHECKS.length });
});

describe("MON-3 each check finds what is planted for it", () => {
  test.each(CHECKS.map((check) => [check.id, check] as const))("%s", (id, check) => {
    const { findings } = judge(soundFacts(PLANTS[id]), [check]);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding).toMatchObject({ id, area: check.area });
      expect(finding.evidence).toMatch(/\S.*\.$/);
      expect(finding.fix.text).not.toBe("");
      expect(finding.configPath !== null || finding.subject !== "").toBe(true);
    }
  });
});

test("commands that limits may name are those of the gateway", () => {
  expect([...COMMAND_NAMES].sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
});
